import { type DeliveryPlan, deliveryPlansOf } from "../firehose/delivery-plan.ts";
import type { Plan } from "../plan/plan.ts";
import type { Permits } from "./source-access.ts";

/** What a role must be allowed before Firehose makes a delivery stream, and how it refuses. */
interface Need {
  readonly roleArn: string;
  readonly asked: readonly { readonly action: string; readonly resource: string }[];
  /** In AWS's words, of the first that is missing. */
  readonly refusal: (action: string, resource: string) => string;
}

/** The delivery streams that Firehose would refuse to make, since their roles may not read; one line each. */
export function unreadableDeliveriesIn(plan: Plan, permits: Permits): readonly string[] {
  return deliveryPlansOf(plan).flatMap((delivery) =>
    [streamOf(delivery), ...tableOf(plan, delivery)].flatMap(({ roleArn, asked, refusal }) => {
      const missing = asked.filter(({ action, resource }) => !permits(roleArn, action, resource));
      const [first] = missing;
      if (first === undefined) return [];
      const grants = missing.map(({ action, resource }) => `${action} on ${resource}`).join(", ");
      const said = refusal(first.action, first.resource);
      return [`the delivery stream ${delivery.name}: ${said} (grant ${roleArn} ${grants})`];
    }),
  );
}

const streamOf = ({ readerRoleArn: roleArn, streamArn: resource }: DeliveryPlan): Need => ({
  roleArn,
  asked: ["DescribeStream", "GetShardIterator", "GetRecords", "ListShards"].map((action) => ({
    ...{ action: `kinesis:${action}`, resource },
  })),
  refusal: (action) => `Role ${roleArn} is not authorized to perform: ${action} on resource ${resource}.`,
});

/** Whoever reads a table reads its catalog and its database. */
function tableOf({ region, account }: Plan, { form }: DeliveryPlan): readonly Need[] {
  if (form.kind !== "parquet") return [];
  const { databaseName = "", tableName = "", roleArn = "" } = form.table.told;
  const resources = ["catalog", `database/${databaseName}`, `table/${databaseName}/${tableName}`].map(
    (place) => `arn:aws:glue:${region}:${account}:${place}`,
  );
  const actions = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"];
  return [
    {
      roleArn,
      asked: actions.flatMap((action) => resources.map((resource) => ({ action, resource }))),
      refusal: () =>
        "Access was denied when calling Glue. Please ensure that the role specified in the data format conversion configuration has the necessary permissions.",
    },
  ];
}
