import type { Plan } from "#local/plan/plan.ts";
import { planOf, resource, trusting } from "./handmade-plan.ts";

const account = "123456789012";
export const region = "eu-west-1";
export const workgroupArn = `arn:aws:athena:${region}:${account}:workgroup/questions`;
const glueArn = (what: string): string => `arn:aws:glue:${region}:${account}:${what}`;
const catalogArns = ["catalog", "database/*", "table/lake/*"].map(glueArn);
export const roleArn = (name: string): string => `arn:aws:iam::${account}:role/${name}`;

/** What somebody needs who asks the lake. Each of the readers below lacks one of them. */
const rights: Readonly<Record<string, readonly [actions: readonly string[], resources: readonly string[]]>> =
  {
    "athena:StartQueryExecution": [
      ["athena:StartQueryExecution", "athena:StopQueryExecution"],
      [workgroupArn],
    ],
    "athena:GetQueryExecution": [["athena:GetQueryExecution", "athena:GetQueryResults"], [workgroupArn]],
    "glue:GetDatabase": [["glue:GetDatabase"], catalogArns],
    "glue:GetTable": [["glue:GetTable"], catalogArns],
    "s3:ListBucket": [["s3:ListBucket"], ["arn:aws:s3:::lake"]],
    "s3:GetObject": [["s3:GetObject"], ["arn:aws:s3:::lake/*"]],
    "s3:PutObject": [["s3:PutObject", "s3:GetObject"], ["arn:aws:s3:::answers/*"]],
  };
const role = (name: string, lacking?: string) => {
  const Statement = Object.entries(rights)
    .filter(([right]) => right !== lacking)
    .map(([, [Action, Resource]]) => ({ Effect: "Allow", Action, Resource }));
  const policy = JSON.stringify({ Version: "2012-10-17", Statement });
  const inlinePolicies = [{ name: "inline", policy }];
  const inputs = { name, assumeRolePolicy: JSON.stringify(trusting("athena")), inlinePolicies };
  return { ...resource("aws:iam/role:Role", name, inputs), outputs: { arn: roleArn(name) } };
};

export const columns: readonly { readonly name: string; readonly type: string }[] = [
  { name: "id", type: "string" },
  { name: "amount", type: "bigint" },
  { name: "legs", type: "array<struct<account:string,amount:bigint>>" },
  { name: "note", type: "string" },
];
const hive = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
const lazy = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe";
const table = (name: string, list: typeof columns, serializationLibrary: string, more: object = {}) =>
  resource("aws:glue/catalogTable:CatalogTable", name, {
    ...{ databaseName: "lake", name, tableType: "EXTERNAL_TABLE" },
    parameters: {
      "projection.enabled": "true",
      "projection.day.type": "date",
      "projection.day.format": "yyyy-MM-dd",
      "projection.day.range": "2026-01-01,NOW",
      "storage.location.template": `s3://lake/${name}/day=\${day}/`,
      ...more,
    },
    partitionKeys: [{ name: "day", type: "string" }],
    storageDescriptor: {
      ...{ location: `s3://lake/${name}/`, inputFormat: "in", outputFormat: "out", columns: list },
      serDeInfo: { serializationLibrary },
    },
  });
/** Bytes that a query may read. */
export const cutoff = 100_000;
/** A lake of two tables that can be asked and one that cannot, a workgroup, and who asks. */
export const lakePlan: Plan = planOf([
  role("reader"),
  ...Object.keys(rights).map((right) => role(`without-${right.replace(":", "-")}`, right)),
  ...["lake", "answers"].map((bucket) => resource("aws:s3/bucket:Bucket", bucket, { bucket })),
  resource("aws:glue/catalogDatabase:CatalogDatabase", "Lake", { name: "lake" }),
  table("payments", columns, hive),
  table("lines", [{ name: "event", type: "string" }], lazy),
  table("crawled", columns, hive, { "projection.enabled": "false" }),
  resource("aws:athena/workgroup:Workgroup", "Questions", {
    name: "questions",
    configuration: {
      ...{ enforceWorkgroupConfiguration: true, bytesScannedCutoffPerQuery: cutoff },
      resultConfiguration: { outputLocation: "s3://answers/" },
    },
  }),
  resource("aws:athena/namedQuery:NamedQuery", "Sum", {
    ...{ name: "sum", database: "lake", workgroup: "questions", query: "select sum(amount) from payments" },
  }),
]);
