import type { Parts } from "./parts.ts";
import { type Permission, unscoped } from "./permissions.ts";
import { createSchedule } from "./schedules.ts";
import type { Warehouse } from "./warehouse.ts";

/** The function that fills the warehouse, and when: it is asked by time, and by whoever wants an answer of now. */
export function createWarehouseLoads(parts: Parts): void {
  const { settings, warehouse } = parts;
  if (settings.warehouse === undefined || warehouse === undefined) return;
  createSchedule("LoadWarehouse", settings.warehouse.loadEvery, parts);
}

/** It makes tables and reads streams, so it is their owner, by the password that Redshift keeps and changes. */
export function loadPermissions({ settings, warehouse }: Parts): Permission[] {
  if (warehouse === undefined) return [];
  const { workgroup, namespace, key } = warehouse;
  return [
    {
      actions: ["redshift-data:BatchExecuteStatement", "redshift-data:ExecuteStatement"],
      resources: [workgroup.arn],
    },
    unscoped("redshift-data:DescribeStatement", "redshift-data:GetStatementResult"),
    { actions: ["secretsmanager:GetSecretValue"], resources: [namespace.adminPasswordSecretArn] },
    {
      actions: ["kms:Decrypt"],
      resources: [key.arn],
      conditions: [
        {
          test: "StringEquals",
          variable: "kms:ViaService",
          values: [`secretsmanager.${settings.region}.amazonaws.com`],
        },
      ],
    },
  ];
}

export function loadVariables({ streams, warehouse }: Parts): Record<string, $util.Input<string>> {
  if (warehouse === undefined) return {};
  return {
    WAREHOUSE_WORKGROUP: warehouse.workgroup.workgroupName,
    WAREHOUSE_DATABASE: warehouse.database,
    WAREHOUSE_OWNER_SECRET_ARN: warehouse.namespace.adminPasswordSecretArn,
    WAREHOUSE_SOURCES: $jsonStringify(sourcesOf(warehouse, streams.paymentEvents)),
  };
}

/** What stands in its SQL. The warehouse reads both by itself: the function may touch neither. */
const sourcesOf = ({ archive }: Warehouse, stream: aws.kinesis.Stream): object => ({
  stream: stream.name,
  ...(archive !== undefined && { archive: $interpolate`s3://${archive.bucket.bucket}/${archive.prefix}` }),
});
