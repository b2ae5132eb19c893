import type { Tables } from "./data.ts";
import { onlyAttributes, onlyUnder, type Permission, unscoped } from "./permissions.ts";
import type { Warehouse } from "./warehouse.ts";

/** What each proof holds the books against (ADR 66). */
export interface Halves {
  readonly tables: Pick<Tables, "ledger" | "merchants">;
  /** Undefined where the stage has none. */
  readonly warehouse: Warehouse | undefined;
}

/**
 * To read the folds of the ledger and no record of it, the ids of merchants and nothing else of them; and to ask the warehouse as
 * a user with no rights there, which reads what everybody may (ADR 56).
 */
export function comparingPermissions({ tables, warehouse }: Halves): Permission[] {
  return [
    { actions: ["dynamodb:Query"], resources: [tables.ledger.arn], conditions: onlyUnder(["*#fold"]) },
    {
      actions: ["dynamodb:Scan"],
      resources: [tables.merchants.arn],
      conditions: onlyAttributes(["pk", "sk"]),
    },
    ...(warehouse === undefined ? [] : askingPermissions(warehouse)),
  ];
}

/** To ask the warehouse in one's own name. */
export const askingPermissions = ({ workgroup }: Warehouse): Permission[] => [
  {
    actions: ["redshift-data:ExecuteStatement", "redshift-serverless:GetCredentials"],
    resources: [workgroup.arn],
  },
  unscoped("redshift-data:DescribeStatement", "redshift-data:GetStatementResult"),
];

export const comparingVariables = ({
  tables,
  warehouse,
}: Halves): kubernetes.types.input.core.v1.EnvVar[] => [
  { name: "MERCHANTS_TABLE", value: tables.merchants.name },
  ...(warehouse === undefined
    ? []
    : [
        { name: "WAREHOUSE_WORKGROUP", value: warehouse.workgroup.workgroupName },
        { name: "WAREHOUSE_DATABASE", value: warehouse.database },
      ]),
];
