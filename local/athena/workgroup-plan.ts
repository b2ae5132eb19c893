import { createHash, randomUUID } from "node:crypto";
import { z } from "zod";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

const workgroupInputs = z.object({
  name: z.string(),
  configuration: z.object({
    enforceWorkgroupConfiguration: z.boolean().default(true),
    bytesScannedCutoffPerQuery: z.number().optional(),
    engineVersion: z.object({ selectedEngineVersion: z.string() }).optional(),
    resultConfiguration: z.object({ outputLocation: z.string(), expectedBucketOwner: z.string().optional() }),
  }),
});
const queryInputs = z.object({
  name: z.string(),
  database: z.string(),
  query: z.string(),
  workgroup: z.string(),
  description: z.string().optional(),
});

export interface WorkgroupPlan {
  readonly name: string;
  /** Nobody who asks says otherwise where answers go. */
  readonly isEnforced: boolean;
  /** `s3://bucket/` or `s3://bucket/folder/`. */
  readonly outputLocation: string;
  readonly bucketOwner: string | undefined;
  /** Bytes. A query that would read more is stopped. */
  readonly cutoff: number | undefined;
  readonly engineVersion: string;
}

/** A query that is kept in Athena under its name. */
export type NamedQueryPlan = z.output<typeof queryInputs> & { readonly id: string };

/** The Athena that the plan asks for. */
export interface AthenaPlan {
  readonly workgroups: readonly WorkgroupPlan[];
  readonly namedQueries: readonly NamedQueryPlan[];
}

export function athenaPlanOf(plan: Plan): AthenaPlan {
  const workgroups = resourcesOf(plan, "aws:athena/workgroup:Workgroup").map((resource): WorkgroupPlan => {
    const { name, configuration } = inputsOf(resource, workgroupInputs);
    const { resultConfiguration: results } = configuration;
    return {
      name,
      isEnforced: configuration.enforceWorkgroupConfiguration,
      outputLocation: results.outputLocation.replace(/\/?$/, "/"),
      bucketOwner: results.expectedBucketOwner,
      cutoff: configuration.bytesScannedCutoffPerQuery,
      engineVersion: configuration.engineVersion?.selectedEngineVersion ?? "AUTO",
    };
  });
  const namedQueries = resourcesOf(plan, "aws:athena/namedQuery:NamedQuery").map((resource) => ({
    ...inputsOf(resource, queryInputs),
    ...outputsOf(resource, z.object({ id: z.string() })),
  }));
  return { workgroups, namedQueries };
}

/** AWS knows whose an execution is; here its id begins with what the workgroup's name comes to. */
const markOf = (workgroup: string): string =>
  createHash("sha256").update(workgroup).digest("hex").slice(0, 8);

export const newExecutionId = (workgroup: string): string => markOf(workgroup) + randomUUID().slice(8);

/** The workgroup of an execution, of those that there are. */
export const workgroupOf = (executionId: string, workgroups: readonly string[]): string | undefined =>
  workgroups.find((name) => executionId.startsWith(markOf(name)));
