import { askingPermissions } from "./comparing.ts";
import { throughS3 } from "./firehose.ts";
import { catalogOf, type Lake } from "./lake.ts";
import { physicalName } from "./naming.ts";
import type { Permission } from "./permissions.ts";
import { inlinePolicy, trustPeople } from "./roles.ts";
import type { StageSettings } from "./settings.ts";
import type { Warehouse } from "./warehouse.ts";

/** A working day: whoever asks is not asked to sign in again over a question. */
const sessionSecondsMax = 8 * 3_600;
/** The permission set of IAM Identity Center whose people may. */
const permissionSet = "Analysts";

/**
 * Whoever asks what became of payments: reads the warehouse's `finance` and the lake, and writes nothing but answers. In the
 * warehouse it is a user with no rights of its own: what everybody may read there is said in SQL (ADR 56).
 */
export function createAnalysts(
  settings: StageSettings,
  warehouse: Warehouse | undefined,
  lake: Lake | undefined,
): void {
  if (warehouse === undefined) return;
  new aws.iam.Role("Analysts", {
    name: physicalName("Analysts"),
    description: "Asks the warehouse and the lake",
    maxSessionDuration: sessionSecondsMax,
    assumeRolePolicy: trustPeople(aws.getCallerIdentityOutput().accountId, permissionSet),
    inlinePolicies: [
      inlinePolicy([
        ...askingWarehouse(warehouse, settings),
        ...(lake === undefined ? [] : askingLake(lake, settings)),
      ]),
    ],
  });
}

/** To load is the function's to do, as the owner. Whoever has it load, or load again, changes nothing that was there. */
function askingWarehouse(warehouse: Warehouse, settings: StageSettings): Permission[] {
  const { accountId } = aws.getCallerIdentityOutput();
  const loader = $interpolate`arn:aws:lambda:${settings.region}:${accountId}:function:${physicalName("LoadWarehouse")}`;
  return [...askingPermissions(warehouse), { actions: ["lambda:InvokeFunction"], resources: [loader] }];
}

/** What Athena does, it does in the name of who asks: it reads the lake's objects, and writes its answers. */
function askingLake(lake: Lake, settings: StageSettings): Permission[] {
  return [
    {
      actions: [
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
        "athena:GetWorkGroup",
        "athena:StartQueryExecution",
        "athena:StopQueryExecution",
      ],
      resources: [lake.workgroup.arn],
    },
    {
      actions: ["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"],
      resources: [catalogOf(lake.database), lake.database.arn, lake.events.arn],
    },
    { actions: ["s3:GetBucketLocation", "s3:ListBucket"], resources: [lake.bucket.arn, lake.results.arn] },
    { actions: ["s3:GetObject"], resources: [$interpolate`${lake.bucket.arn}/*`] },
    {
      actions: ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
      resources: [$interpolate`${lake.results.arn}/*`],
    },
    throughS3(["kms:Decrypt", "kms:GenerateDataKey"], lake.key, [lake.bucket, lake.results], settings),
  ];
}
