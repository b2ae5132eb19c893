import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

const identifier = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/i, "it is a name of letters, digits and _");
const clusterInputs = z.object({
  engine: z.literal("aurora-postgresql", "only PostgreSQL runs here"),
  databaseName: identifier.default("postgres"),
  masterUsername: identifier.default("postgres"),
});

/** The Aurora cluster that the plan asks for. */
export interface ClusterPlan {
  readonly databaseName: string;
  readonly userName: string;
}

/** @returns undefined when the plan has none. Of several, all are this one: they would share the machine anyway. */
export function clusterPlanOf(plan: Plan): ClusterPlan | undefined {
  const [cluster] = resourcesOf(plan, "aws:rds/cluster:Cluster");
  if (cluster === undefined) return undefined;
  const { databaseName, masterUsername } = inputsOf(cluster, clusterInputs);
  return { databaseName, userName: masterUsername };
}
