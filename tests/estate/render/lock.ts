import { unfoldDocuments } from "#local/plan/documents.ts";
import type { Plan, PlanResource } from "#local/plan/plan.ts";
import { sourceHash } from "#local/plan/source-hash.ts";
import type { Properties, Registration } from "./engine.ts";
import type { App } from "./program.ts";

/** Nobody runs or reviews these: the code archives of functions and SST's own bookkeeping. */
const unlisted: readonly string[] = [
  "aws:s3/bucketObjectv2:BucketObjectv2",
  "random:index/randomBytes:RandomBytes",
  "pulumi:providers:aws",
];

/** Where a function's code lies changes with every edit of the code, which is not a change of the estate. */
const codeInputs: readonly string[] = ["s3Bucket", "s3Key"];

export interface Rendered {
  readonly root: string;
  readonly app: App;
  readonly sstVersion: string;
  readonly registrations: readonly Registration[];
  /** Handler as written in `stacks/`, by the logical name of the function's component. */
  readonly handlers: ReadonlyMap<string, string>;
}

/** The plan of a render, in an order and with contents that depend on the estate alone. */
export function planOf({ root, app, sstVersion, registrations, handlers }: Rendered): Plan {
  const logicalNames = new Map(registrations.map(({ urn, name }) => [urn, name]));
  const resources = registrations
    .filter(({ custom, type }) => custom && !unlisted.includes(type))
    .map((registration) => resourceOf(registration, logicalNames, handlers))
    .sort((a, b) => compare(a.name, b.name) || compare(a.type, b.type));
  return {
    format: 1,
    app: app.name,
    stage: app.stage,
    region: app.providers["aws"]?.region ?? "",
    account: app.providers["aws"]?.allowedAccountIds?.[0] ?? "",
    sst: sstVersion,
    source_hash: sourceHash(root),
    resources,
  };
}

/** The text of a lock: keys sorted, one value per line, so that a diff shows what changed and nothing else. */
export function lockText(plan: Plan): string {
  const resources = plan.resources
    // Documents after the sorting: their own order (of states, of statements) is how they are read.
    .map((resource) => unfoldDocuments({ ...resource, inputs: sorted(resource.inputs) as Properties }));
  return `${JSON.stringify({ ...plan, resources }, null, 2)}\n`;
}

function resourceOf(
  { urn, type, name, parent, declaredIn, inputs, outputs, options }: Registration,
  logicalNames: ReadonlyMap<string, string>,
  handlers: ReadonlyMap<string, string>,
): PlanResource {
  // SST's components are not in the plan; as parents they say which declaration a resource comes from.
  const component =
    parent === undefined || parent.includes("pulumi:pulumi:Stack") ? undefined : logicalNames.get(parent);
  const handler = component === undefined ? undefined : handlers.get(component);
  return {
    urn,
    type,
    name,
    ...(component !== undefined && { parent: component }),
    ...(declaredIn !== undefined && { declared_in: declaredIn }),
    ...(type === "aws:lambda/function:Function" && handler !== undefined && { handler }),
    inputs: Object.fromEntries(Object.entries(inputs).filter(([key]) => !codeInputs.includes(key))),
    outputs,
    ...given(options, logicalNames),
  };
}

function given(
  { protect, retainOnDelete, ignoreChanges, dependsOn }: Registration["options"],
  logicalNames: ReadonlyMap<string, string>,
): { options?: Properties } {
  const after = dependsOn.flatMap((urn) => logicalNames.get(urn) ?? []).toSorted(compare);
  const options = {
    ...(protect && { protect }),
    ...(retainOnDelete && { retainOnDelete }),
    ...(ignoreChanges.length > 0 && { ignoreChanges }),
    ...(after.length > 0 && { dependsOn: after }),
  };
  return Object.keys(options).length > 0 ? { options } : {};
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => compare(a, b));
  return Object.fromEntries(entries.map(([key, each]) => [key, sorted(each)]));
}

/** By code units: the order of a locale would differ between machines. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
