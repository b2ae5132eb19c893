import { throughS3 } from "./firehose.ts";
import { catalogOf, type Lake, queryText } from "./lake.ts";
import { physicalName } from "./naming.ts";
import type { Permission } from "./permissions.ts";
import { dashboardOf } from "./report-dashboard.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";
import type { StageSettings } from "./settings.ts";

export interface ReportSettings {
  /** Group of QuickSight's users who see the reports. Whoever administers QuickSight puts people into it. */
  readonly group: string;
}

/** Columns of `queries/payments.sql`, as QuickSight types them. */
const columns = {
  payment: "STRING",
  book: "STRING",
  state: "STRING",
  currency: "STRING",
  amount_minor: "INTEGER",
  captured_minor: "INTEGER",
  refunded_minor: "INTEGER",
  acquirer: "STRING",
  method: "STRING",
  brand: "STRING",
  decline_code: "STRING",
  created_at: "DATETIME",
  updated_at: "DATETIME",
} as const;
export type ReportColumn = keyof typeof columns;

const ids = { source: "LakeSource", data: "PaymentsData" } as const;

/**
 * What finance looks at: a dashboard in QuickSight over the lake. QuickSight itself is an account's
 * (stacks/account.ts). By CloudFormation, because the provider has neither the definition of a dashboard nor a role of
 * its own for a source: the account's would be let into all that any source reads.
 */
export function createReports(settings: StageSettings, lake: Lake | undefined): void {
  if (settings.reports === undefined) return;
  if (lake === undefined)
    throw new Error(`${settings.stage} has reports, and no lake that they read (stacks/settings.ts).`);
  const group = new aws.quicksight.Group("ReportReaders", {
    groupName: physicalName(settings.reports.group),
    description: "Sees the reports",
  });
  const role = createRole(settings, lake);
  new aws.cloudformation.Stack("Reports", {
    name: physicalName("Reports"),
    templateBody: $jsonStringify({
      AWSTemplateFormatVersion: "2010-09-09",
      Description: "What finance looks at",
      Resources: {
        [ids.source]: sourceOf(lake, role, group),
        [ids.data]: dataOf(group),
        PaymentsDashboard: dashboardOf(ids.data, physicalName("Payments"), group.arn),
      },
    }),
  });
}

function createRole(settings: StageSettings, lake: Lake): aws.iam.Role {
  const { accountId } = aws.getCallerIdentityOutput();
  const statements: Permission[] = [
    {
      actions: [
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
        "athena:GetQueryResultsStream",
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
    {
      actions: ["s3:GetBucketLocation", "s3:ListBucket"],
      resources: [lake.bucket.arn, lake.results.arn],
    },
    { actions: ["s3:GetObject"], resources: [$interpolate`${lake.bucket.arn}/*`] },
    {
      actions: ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"],
      resources: [$interpolate`${lake.results.arn}/*`],
    },
    throughS3(["kms:Decrypt", "kms:GenerateDataKey"], lake.key, [lake.bucket, lake.results], settings),
  ];
  return new aws.iam.Role("ReportsRole", {
    name: physicalName("Reports"),
    description: "Asks the lake what reports show",
    assumeRolePolicy: trustOnly("quicksight.amazonaws.com", {
      StringEquals: { "aws:SourceAccount": accountId },
    }),
    inlinePolicies: [inlinePolicy(statements)],
  });
}

function sourceOf(lake: Lake, role: aws.iam.Role, group: aws.quicksight.Group): object {
  return {
    Type: "AWS::QuickSight::DataSource",
    Properties: {
      AwsAccountId: { Ref: "AWS::AccountId" },
      DataSourceId: physicalName("Lake"),
      Name: "Payments, asked by Athena",
      Type: "ATHENA",
      DataSourceParameters: { AthenaParameters: { WorkGroup: lake.workgroup.name, RoleArn: role.arn } },
      Permissions: [
        {
          Principal: group.arn,
          Actions: ["DescribeDataSource", "DescribeDataSourcePermissions", "PassDataSource"].map(quicksight),
        },
      ],
    },
  };
}

const quicksight = (action: string): string => `quicksight:${action}`;

/** Asked anew each time that somebody looks: no copy of it lies in QuickSight. */
function dataOf(group: aws.quicksight.Group): object {
  return {
    Type: "AWS::QuickSight::DataSet",
    Properties: {
      AwsAccountId: { Ref: "AWS::AccountId" },
      DataSetId: physicalName("Payments"),
      Name: "Payments of the last 90 days, as they stood last",
      ImportMode: "DIRECT_QUERY",
      PhysicalTableMap: {
        payments: {
          CustomSql: {
            DataSourceArn: { "Fn::GetAtt": [ids.source, "Arn"] },
            Name: "payments",
            SqlQuery: queryText("payments"),
            Columns: Object.entries(columns).map(([Name, Type]) => ({ Name, Type })),
          },
        },
      },
      Permissions: [
        {
          Principal: group.arn,
          Actions: [
            "DescribeDataSet",
            "DescribeDataSetPermissions",
            "DescribeIngestion",
            "ListIngestions",
            "PassDataSet",
          ].map(quicksight),
        },
      ],
    },
  };
}
