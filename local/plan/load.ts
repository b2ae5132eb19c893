import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Refusal } from "../process/refusal.ts";
import { foldDocuments } from "./documents.ts";
import type { Plan, PlanResource } from "./plan.ts";

/** The plan that the laptop runs, relative to the root of the repository. */
const lockFile = "stacks/estate.local.lock.json";
const refresh = "run `npm run estate:lock`";

const properties = z.record(z.string(), z.unknown());
const planSchema = z.object({
  format: z.literal(1),
  app: z.string(),
  stage: z.string(),
  region: z.string(),
  account: z.string(),
  sst: z.string(),
  source_hash: z.string(),
  resources: z.array(
    z.object({
      urn: z.string(),
      type: z.string(),
      name: z.string(),
      parent: z.string().exactOptional(),
      declared_in: z.string().exactOptional(),
      inputs: properties,
      outputs: properties.exactOptional(),
      options: properties.exactOptional(),
      handler: z.string().exactOptional(),
    }),
  ),
});

/**
 * Reads the plan, and compares it with the files that it was rendered from.
 * `sourceHash` computes the hash of those files as they are now; it needs no SST.
 * @throws Refusal when the lock is missing, damaged or stale.
 */
export function loadPlan(root: string, sourceHash: (root: string) => string): Plan {
  const plan = readPlan(join(root, lockFile));
  if (plan.source_hash !== sourceHash(root)) throw new Refusal(`${lockFile} is stale: ${refresh}`);
  return plan;
}

function readPlan(path: string): Plan {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (thrown) {
    throw new Refusal(`${lockFile} cannot be read (${(thrown as NodeJS.ErrnoException).code}): ${refresh}`, {
      cause: thrown,
    });
  }
  try {
    const plan = planSchema.parse(JSON.parse(text));
    return { ...plan, resources: plan.resources.map(foldDocuments) };
  } catch (thrown) {
    throw new Refusal(`${lockFile} is damaged: check it out again, or ${refresh}`, { cause: thrown });
  }
}

/** The resources of one Pulumi type, in the plan's order. */
export function resourcesOf(plan: Plan, type: string): readonly PlanResource[] {
  return plan.resources.filter((resource) => resource.type === type);
}

/**
 * What an engine needs of a resource, checked.
 * @throws Refusal that names the resource and the property: the plan says something that the engine does not know.
 */
export function inputsOf<T>(resource: PlanResource, schema: z.ZodType<T>): T {
  return checked(resource, "inputs", resource.inputs, schema);
}

/** As `inputsOf`, for what the provider would have computed. */
export function outputsOf<T>(resource: PlanResource, schema: z.ZodType<T>): T {
  return checked(resource, "outputs", resource.outputs ?? {}, schema);
}

function checked<T>(resource: PlanResource, part: string, value: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const place = [part, ...(issue?.path ?? [])].join(".");
  throw new Refusal(
    `the plan's ${resource.type} ${resource.name} has ${place} that the local cloud cannot run: ${issue?.message}`,
  );
}
