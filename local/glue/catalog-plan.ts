import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

const column = z.object({ name: z.string(), type: z.string() });
const tableInputs = z.object({
  databaseName: z.string(),
  name: z.string(),
  tableType: z.string(),
  parameters: z.record(z.string(), z.string()).default({}),
  partitionKeys: z.array(column).default([]),
  storageDescriptor: z.object({
    location: z.string(),
    inputFormat: z.string(),
    outputFormat: z.string(),
    columns: z.array(column),
    serDeInfo: z.object({
      serializationLibrary: z.string(),
      parameters: z.record(z.string(), z.string()).default({}),
    }),
  }),
});

/** A table of the catalog, in Hive's types. */
export type CatalogTable = z.output<typeof tableInputs>;

/** The Glue catalog that the plan asks for. */
export interface CatalogPlan {
  readonly databases: readonly string[];
  readonly tables: readonly CatalogTable[];
}

/** @returns undefined when the plan has none. */
export function catalogPlanOf(plan: Plan): CatalogPlan | undefined {
  const databases = resourcesOf(plan, "aws:glue/catalogDatabase:CatalogDatabase").map(
    (resource) => inputsOf(resource, z.object({ name: z.string() })).name,
  );
  if (databases.length === 0) return undefined;
  const tables = resourcesOf(plan, "aws:glue/catalogTable:CatalogTable").map((resource) =>
    inputsOf(resource, tableInputs),
  );
  return { databases, tables };
}
