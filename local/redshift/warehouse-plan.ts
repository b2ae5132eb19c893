import { z } from "zod";
import { inputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan } from "../plan/plan.ts";

const namespaceInputs = z.object({
  namespaceName: z.string(),
  dbName: z.string(),
  adminUsername: z.string(),
  defaultIamRoleArn: z.string(),
});
const workgroupInputs = z.object({ workgroupName: z.string(), namespaceName: z.string() });

/** The Redshift Serverless that the plan asks for. */
export interface WarehousePlan {
  readonly workgroupName: string;
  readonly databaseName: string;
  readonly userName: string;
  /** Whom SQL means by `IAM_ROLE default`: it reads streams in this role's name. */
  readonly readerRoleArn: string;
}

/** @returns undefined when the plan has none. */
export function warehousePlanOf(plan: Plan): WarehousePlan | undefined {
  const [workgroup] = resourcesOf(plan, "aws:redshiftserverless/workgroup:Workgroup");
  if (workgroup === undefined) return undefined;
  const { workgroupName, namespaceName } = inputsOf(workgroup, workgroupInputs);
  const namespaces = resourcesOf(plan, "aws:redshiftserverless/namespace:Namespace").map((each) =>
    inputsOf(each, namespaceInputs),
  );
  const namespace = namespaces.find((each) => each.namespaceName === namespaceName);
  if (namespace === undefined) return undefined;
  const { dbName, adminUsername, defaultIamRoleArn } = namespace;
  return {
    workgroupName,
    databaseName: dbName,
    userName: adminUsername,
    readerRoleArn: defaultIamRoleArn,
  };
}
