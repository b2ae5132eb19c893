import type { PlannedGrant } from "./grants.ts";

/** A grant that is needed and that no test has to use. */
interface Unreached {
  /** Logical name of the role. */
  readonly role: string;
  readonly actions: readonly string[];
  /** End of the resource's ARN. */
  readonly on: string;
  readonly because: string;
}

/** A race whose loser reads what the winner wrote: the contract tests of the stores show it, whenever it comes up here. */
const loserReads = "whoever loses a race over one refund reads what stands";

const unreached: readonly Unreached[] = [
  ...["HoldRefundTaskRole", "GiveBackTaskRole", "ReviewRefundTaskRole"].map((role) => ({
    ...{ role, actions: ["dynamodb:GetItem"], on: "-payments", because: loserReads },
  })),
  ...["TakePaymentsRole", "TakeAccountsRole", "RecountFoldsRole", "OpenRegionRole"].map((role) => ({
    ...{ role, actions: ["dynamodb:PutItem"], on: "-dead-letters" },
    because: "what a failover cannot decide: tests/contract/failover.test.ts loses enough of everything",
  })),
  ...[
    {
      actions: ["kinesis:DescribeStream", "kinesis:DescribeStreamSummary"],
      on: "/tallystick-local-payment-events",
    },
    { actions: ["kinesis:ListStreams"], on: "*" },
  ].map((grant) => ({
    ...{ role: "WarehouseReaderRole", ...grant },
    because:
      "Redshift asks it when a view over a stream is made, and PostgreSQL, which stands in for it, does not",
  })),
  {
    role: "Auditors",
    actions: [
      ...["s3:ListBucket", "s3:ListBucketVersions", "s3:GetObject", "s3:GetObjectVersion"],
      ...["kms:Decrypt", "kms:GetPublicKey"],
    ],
    on: "",
    because:
      "people sign in to it, and here the operator verifies: tests/contract/auditors.test.ts asks as such a role",
  },
  {
    role: "Analysts",
    actions: [
      ...[
        "redshift-data:ExecuteStatement",
        "redshift-data:DescribeStatement",
        "redshift-data:GetStatementResult",
      ],
      ...["redshift-serverless:GetCredentials", "lambda:InvokeFunction"],
      ...["athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup"],
      ...["athena:StartQueryExecution", "athena:StopQueryExecution"],
      ...["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable"],
      ...["s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
      ...["kms:Decrypt", "kms:GenerateDataKey"],
    ],
    on: "",
    because:
      "people sign in to it, and here the operator asks: tests/contract/redshift.test.ts asks as such a role",
  },
  ...["ArchiveDeliveryRole", "LakeDeliveryRole"].flatMap((role) => [
    {
      ...{
        role,
        actions: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
        on: "",
      },
      because: "Firehose asks where a bucket is, and what it left unfinished there; we do not",
    },
    {
      ...{ role, actions: ["s3:AbortMultipartUpload", "s3:GetObject", "kms:Decrypt"], on: "" },
      because:
        "Firehose reads and ends what goes up in parts; tests/contract/firehose.test.ts brings enough for parts",
    },
  ]),
  ...[
    { actions: ["s3:ReplicateTags"], because: "objects have no tags here" },
    { actions: ["kms:Encrypt"], because: "S3 asks it where a bucket has no key of its own for its objects" },
  ].map((grant) => ({ role: "ArchiveCopyRole", on: "", ...grant })),
  ...[
    {
      actions: ["sqs:ChangeMessageVisibility"],
      on: "-files",
      because: "no file here takes a minute",
    },
    {
      actions: ["s3:ListBucket", "s3:GetObject"],
      on: "",
      because: "each notice here names a version that is there",
    },
  ].map((grant) => ({ role: "ReconcilerRole", ...grant })),
  ...["ReconcilerRole", "BooksMigrationRole"].map((role) => ({
    ...{ role, actions: ["rds-db:connect"], on: "", because: "its database user has a password here" },
  })),
  {
    role: "TakeJournalRole",
    actions: ["dynamodb:PutItem"],
    on: "-ledger",
    because: "notes that were lost, and frozen accounts: tests/contract/failover.test.ts loses them",
  },
  ...[
    { role: "PaymentSagaRole", actions: ["lambda:InvokeFunction"], on: "-review-task" },
    { role: "ReviewTaskRole", actions: ["dynamodb:PutItem"], on: "-payments" },
    { role: "RefundSagaRole", actions: ["lambda:InvokeFunction"], on: "-review-refund-task" },
    { role: "ReviewRefundTaskRole", actions: ["dynamodb:PutItem"], on: "-payments" },
  ].map((grant) => ({
    ...grant,
    because:
      "tests/integration/missing-permission.test.ts brings it about, whose decisions are not in this report",
  })),
  {
    role: "CheckRole",
    actions: ["states:StartExecution"],
    on: "-dispute",
    because: "only a failover leaves a dispute without its saga: tests/contract/failover-disputes.test.ts",
  },
  ...["-dispute", "-dispute:*"].map((on) => ({
    ...{ role: "OpsApiRole", actions: ["states:StartExecution", "states:RedriveExecution"], on },
    because: "a failed dispute is replayed as a failed recovery is, of which there are some here",
  })),
  ...["DisputesApiRole", "LedgerApiRole", "PaymentsApiRole"].map((role) => ({
    ...{ role, actions: ["dynamodb:GetItem"], on: "-idempotency" },
    because: "Powertools reads a record that stood in its way, where the refused write did not bring it back",
  })),
  {
    role: "CheckRole",
    actions: ["sqs:SendMessage"],
    on: "-checks",
    because: "a reminder that comes before its payment's time is put off, and in a test it seldom does",
  },
  {
    role: "PaymentSagaRole",
    actions: ["sqs:SendMessage"],
    on: "-checks",
    because:
      "an approval that comes after a payment's end: the simulation and the workflow's tests bring it about",
  },
];

/** Why no test has to use a grant; undefined when one should. */
export const reasonFor = ({ role, action, resource }: PlannedGrant): string | undefined =>
  unreached.find((each) => each.role === role && each.actions.includes(action) && resource.endsWith(each.on))
    ?.because;
