import { describe, expect, it } from "vitest";
import {
  accountKey,
  accountListKey,
  entryKey,
  expiringKey,
  foldKey,
  journalPartition,
  postingPartitions,
} from "#adapters/dynamodb/keys.ts";
import { publicAttributes } from "#adapters/vault/card-item.ts";
import type { AccountId, Book, UserAccountId } from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import {
  functions,
  listOf,
  ofType,
  type RoleInputs,
  resource,
  roles,
  statementsOf,
} from "./committed-plan.ts";
import { grantsOf, table, whoMay } from "./grants.ts";

/** The partition keys of accounts, as a policy has them. */
const accountKeys = "*#account#*";
const keyArn = (name: string): unknown => resource(name).outputs?.["arn"];

/** AWS has no finer grain than "*" for these. Another one here needs a reason in stacks/permissions.ts. */
const unscopedActions = [
  "sns:GetSubscriptionAttributes",
  "sns:Unsubscribe",
  "xray:PutTraceSegments",
  "xray:PutTelemetryRecords",
  "xray:GetSamplingRules",
  "xray:GetSamplingTargets",
  "logs:CreateLogDelivery",
  "logs:GetLogDelivery",
  "logs:UpdateLogDelivery",
  "logs:DeleteLogDelivery",
  "logs:ListLogDeliveries",
  "logs:PutResourcePolicy",
  "logs:DescribeResourcePolicies",
  "logs:DescribeLogGroups",
  "kinesis:ListStreams",
  "redshift-data:DescribeStatement",
  "redshift-data:GetStatementResult",
];

/** Of pods; tests/estate/cluster.test.ts and stores.test.ts say what they may. */
const reconciler = "ReconcilerRole";
const pods = [reconciler, "BooksMigrationRole"];

describe("roles", () => {
  /** Of services of AWS that move events, by who may assume them. */
  const movers: Readonly<Record<string, string>> = {
    ArchiveCopyRole: "s3.amazonaws.com",
    ArchiveDeliveryRole: "firehose.amazonaws.com",
    LakeDeliveryRole: "firehose.amazonaws.com",
  };
  const isDelivery = ({ name }: { readonly name: string }) =>
    name.endsWith("DeliveryRole") && !Object.hasOwn(movers, name);

  const reader = "WarehouseReaderRole";
  /** People's, who sign in: analytics.test.ts and proofs.test.ts say which. */
  const people = ["Analysts", "Auditors"];
  const isOurs = (role: { readonly name: string }): boolean =>
    !isDelivery(role) && ![reader, ...people, ...pods].includes(role.name);
  it("belong to one function or saga each, and the others are known by name", () => {
    const used = functions.map(({ inputs }) => inputs.role);
    expect(new Set(used).size).toBe(functions.length);
    expect(roles.filter(isOurs)).toHaveLength(
      functions.length + ofType("aws:sfn/stateMachine:StateMachine").length + Object.keys(movers).length,
    );
    expect(resource("WarehouseData").inputs).toMatchObject({
      defaultIamRoleArn: resource(reader).outputs?.["arn"],
    });
    expect(roles.filter(isDelivery).map(({ name }) => name)).toEqual([
      "AlphaDeliveryRole",
      "BankDeliveryRole",
      "BetaDeliveryRole",
    ]);
  });

  it("of the warehouse can be assumed by Redshift and by nobody else", () => {
    const { assumeRolePolicy } = resource<RoleInputs>(reader).inputs;
    expect(assumeRolePolicy.Statement.map(({ Principal }) => Principal)).toEqual([
      { Service: ["redshift.amazonaws.com", "redshift-serverless.amazonaws.com"] },
    ]);
  });

  it.each(roles.filter(isOurs))(
    "$name can be assumed by one AWS service and by nobody else",
    ({ name, inputs }) => {
      const ours = name.endsWith("SagaRole") ? "states.amazonaws.com" : "lambda.amazonaws.com";
      const service = movers[name] ?? ours;
      const principals = inputs.assumeRolePolicy.Statement.map(({ Principal }) => Principal);
      expect(principals).toEqual([{ Service: service }]);
    },
  );

  it.each(roles)("$name has no policy that AWS may change", ({ inputs }) => {
    expect(inputs.managedPolicyArns ?? []).toEqual([]);
  });

  it.each(roles)("$name names every action in full", (role) => {
    const statements = statementsOf(role);
    expect(statements.length).toBeGreaterThan(0);
    for (const { Effect, Action } of statements) {
      expect(Effect).toBe("Allow");
      for (const action of listOf(Action)) expect(action).toMatch(/^[a-z0-9-]+:[A-Za-z]+$/);
    }
  });

  it.each(roles)("$name reaches single resources, except where AWS has no finer grain", (role) => {
    for (const { Action, Resource } of statementsOf(role)) {
      for (const arn of listOf(Resource)) {
        if (arn === "*") expect(unscopedActions).toEqual(expect.arrayContaining([...listOf(Action)]));
        // The streams of a function's own log group are named by Lambda, those of a delivery's by Firehose,
        // executions by whoever starts them, and files by whoever leaves, brings or reads them.
        else
          expect(
            arn.replace(
              Object.hasOwn(movers, role.name) || [...people, reconciler].includes(role.name)
                ? /(:log-group:\/aws\/kinesisfirehose\/[\w-]+:|:s3:::[\w-]+\/(proofs\/)?)\*$/
                : /(:log-group:\/aws\/lambda\/[\w-]+:|:execution:[\w-]+:|:s3:::[\w-]+\/[a-z]+\/)\*$/,
              "$1",
            ),
          ).not.toContain("*");
      }
    }
  });
});

describe("the card vault", () => {
  it("is written by one function and read by two others", () => {
    expect(whoMay("dynamodb:GetItem", table("vault"))).toEqual(["AuthorizeTaskRole", "PaymentsApiRole"]);
    expect(whoMay("dynamodb:PutItem", table("vault"))).toEqual(["CardTokensApiRole"]);
    for (const action of ["Query", "Scan", "BatchGetItem", "UpdateItem", "DeleteItem"]) {
      expect(whoMay(`dynamodb:${action}`, table("vault"))).toEqual([]);
    }
  });

  it("shows the payments API what may be shown of a card, and never the ciphertext", () => {
    const grants = grantsOf("PaymentsApiRole", "dynamodb:GetItem", table("vault"));
    expect(grants.map(({ Condition }) => Condition)).toEqual([
      {
        "ForAllValues:StringEquals": {
          "dynamodb:Attributes": ["pk", "sk", ...publicAttributes],
        },
        // A read that names no attribute names all: the line above alone would let it pass.
        StringEquals: { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" },
      },
    ]);
  });

  it("is sealed by one function and opened by another, both naming the merchant and the key epoch", () => {
    const vaultKey = keyArn("VaultKey");
    expect(whoMay("kms:GenerateDataKey", vaultKey)).toEqual(["CardTokensApiRole"]);
    expect(whoMay("kms:Decrypt", vaultKey)).toEqual(["AuthorizeTaskRole"]);
    const grants = [
      ...grantsOf("CardTokensApiRole", "kms:GenerateDataKey", vaultKey),
      ...grantsOf("AuthorizeTaskRole", "kms:Decrypt", vaultKey),
    ];
    const present = { "kms:EncryptionContext:merchant": "false", "kms:EncryptionContext:epoch": "false" };
    expect(grants.map(({ Condition }) => Condition)).toEqual([{ Null: present }, { Null: present }]);
  });

  it("has a table key that opens the table through DynamoDB, and nothing by itself", () => {
    const tableKey = keyArn("VaultTableKey");
    const users = ["AuthorizeTaskRole", "CardTokensApiRole", "PaymentsApiRole"];
    expect(whoMay("kms:Decrypt", tableKey)).toEqual(users);
    for (const role of users) {
      expect(grantsOf(role, "kms:Decrypt", tableKey).map(({ Condition }) => Condition)).toEqual([
        { StringEquals: { "kms:ViaService": "dynamodb.eu-west-1.amazonaws.com" } },
      ]);
    }
  });

  it("makes fingerprints in one function only", () => {
    expect(whoMay("kms:GenerateMac", keyArn("FingerprintKey"))).toEqual(["CardTokensApiRole"]);
  });

  it("shares no key with the links of customers who come back, which two functions sign and check", () => {
    expect(whoMay("kms:GenerateMac", keyArn("ReturnsKey"))).toEqual([
      "AcquirersApiRole",
      "AuthorizeTaskRole",
    ]);
  });
});

describe("money", () => {
  it("is posted by tasks of the sagas; of what the internet reaches one function posts, between merchants' own accounts", () => {
    expect(whoMay("dynamodb:PutItem", table("ledger"))).toEqual([
      "CompensateTaskRole",
      "DisputeTaskRole",
      // Only the ends of merchants' holds: see below.
      "ExpireHoldsRole",
      "ExpireRole",
      // Only under the keys of the folds: see below.
      "FolderRole",
      "GiveBackTaskRole",
      "HoldRefundTaskRole",
      // Only under the keys of merchants' own accounts and of the journal: see below.
      "LedgerApiRole",
      "PostTaskRole",
      // Entries, and merchants' available accounts: tests/estate/cluster.test.ts.
      reconciler,
      // The failover's: folds, by what entries are found, and records whose payments arrived without them.
      "RecountFoldsRole",
      "SettleTaskRole",
      "TakeJournalRole",
      "TakePaymentsRole",
      "TransferTaskRole",
    ]);
  });

  it("moves guarded accounts where wallets, refunds and disputes do, and never edits the journal", () => {
    const movers = ["DisputeTaskRole", "GiveBackTaskRole", "HoldRefundTaskRole", "TransferTaskRole"];
    expect(whoMay("dynamodb:UpdateItem", table("ledger"))).toEqual([
      ...movers.slice(0, 1),
      "ExpireHoldsRole",
      ...movers.slice(1, 3),
      "LedgerApiRole",
      reconciler,
      // Rebuilds them from the journal when a region takes over.
      "TakeAccountsRole",
      ...movers.slice(3),
    ]);
    for (const role of movers)
      expect(
        grantsOf(role, "dynamodb:UpdateItem", table("ledger")).map(({ Condition }) => Condition),
      ).toEqual([
        {
          "ForAllValues:StringLike": { "dynamodb:LeadingKeys": accountKeys },
          Null: { "dynamodb:LeadingKeys": "false" },
        },
      ]);
    const [account, entry] = [
      accountKey("mer_demo" as Book, "acc_1" as AccountId),
      entryKey("mer_demo" as Book, "je_1" as EntryId),
    ];
    const isMeant = (key: string) => new RegExp(`^${accountKeys.replaceAll("*", ".*")}$`).test(key);
    expect([account.pk, entry.pk].map(isMeant)).toEqual([true, false]);
    expect(whoMay("dynamodb:DeleteItem", table("ledger"))).toEqual(["ExpireHoldsRole", "TakeJournalRole"]);
    expect(whoMay("dynamodb:DeleteItem", table("payments"))).toEqual([]);
  });

  it("of system accounts, and balances, are under keys that the ledger API and the sweep of holds may not write", () => {
    const demo = "mer_demo" as Book;
    const wallet = "acc_wallet" as UserAccountId;
    const [account, listed] = [accountKey(demo, wallet), accountListKey(demo, wallet, 0)];
    const due = expiringKey(demo, "je_1" as EntryId, 0);
    const entry = entryKey(demo, "je_1" as EntryId);
    const postings = postingPartitions(demo, wallet).map((pk) => ({ pk }));
    const others = [
      accountKey(demo, "mer_demo:2110:USD" as AccountId),
      accountKey(demo, "mer_demo:1100:alpha:USD" as AccountId),
      foldKey(journalPartition(demo, 3)),
    ];
    const written = [account, listed, due, entry, ...postings];
    for (const [role, action, own] of [
      ["LedgerApiRole", "PutItem", written],
      ["LedgerApiRole", "UpdateItem", [account]],
      ["ExpireHoldsRole", "PutItem", [entry, ...postings]],
      ["ExpireHoldsRole", "UpdateItem", [account]],
      ["ExpireHoldsRole", "DeleteItem", [due]],
      ["TakeJournalRole", "PutItem", [account, due, ...postings]],
      ["TakeJournalRole", "DeleteItem", postings],
      ["TakePaymentsRole", "PutItem", [entry]],
    ] as const) {
      const notOwn = [...written.filter((key) => !own.some((each) => each === key)), ...others];
      const grants = grantsOf(role, `dynamodb:${action}`, table("ledger"));
      expect(grants).toHaveLength(1);
      const Condition = grants[0]?.Condition;
      expect(Condition?.["Null"]).toEqual({ "dynamodb:LeadingKeys": "false" });
      const allowed = listOf(Condition?.["ForAllValues:StringLike"]?.["dynamodb:LeadingKeys"] as string[]);
      const mayWrite = ({ pk }: { readonly pk: string }) =>
        allowed.some((pattern) => new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(pk));
      expect(own.filter((key) => !mayWrite(key))).toEqual([]);
      expect(notOwn.filter(mayWrite)).toEqual([]);
    }
  });

  it("is shown to operators by a function that reads payments, entries and recoveries, and writes none of them", () => {
    const recoveries = `${resource("RecoverySaga").outputs?.["arn"]}`.replace(
      ":stateMachine:",
      ":execution:",
    );
    expect(whoMay("states:DescribeExecution", `${recoveries}:*`)).toEqual(["OpsApiRole"]);
    expect(whoMay("states:DescribeExecution", `${recoveries.replace(/-recovery$/, "-dispute")}:*`)).toEqual([
      "OpsApiRole",
    ]);
    for (const action of ["PutItem", "UpdateItem", "BatchWriteItem"])
      for (const name of ["payments", "ledger", "events", "merchants"] as const)
        expect(whoMay(`dynamodb:${action}`, table(name))).not.toContain("OpsApiRole");
  });

  it("is never touched by what writes an operator's word down: the recovery that it starts does the rest", () => {
    const actions = ["Query", "GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem"];
    for (const action of actions)
      expect(whoMay(`dynamodb:${action}`, table("ledger"))).not.toContain("ReviewsApiRole");
    expect(whoMay("dynamodb:PutItem", table("payments"))).toContain("ReviewsApiRole");
    expect(whoMay("states:StartExecution", resource("RecoverySaga").outputs?.["arn"])).toEqual([
      "CheckRole",
      "OpsApiRole",
      "ReviewsApiRole",
    ]);
  });

  it("of disputes moves by their saga, which what hears of them starts, and nothing else", () => {
    const saga = resource("DisputeSaga").outputs?.["arn"];
    expect(whoMay("states:StartExecution", saga)).toEqual([
      "AcquirersApiRole",
      "CheckRole",
      "DisputesApiRole",
      "OpsApiRole",
    ]);
    for (const action of ["GetItem", "PutItem", "UpdateItem"])
      for (const role of ["AcquirersApiRole", "DisputesApiRole"])
        expect(whoMay(`dynamodb:${action}`, table("ledger"))).not.toContain(role);
  });

  it("moves when the payments API starts the saga, and only a task's own saga invokes it", () => {
    const saga = resource("PaymentSaga").outputs?.["arn"];
    expect(whoMay("states:StartSyncExecution", saga)).toEqual([
      "AcquirersApiRole",
      "PaymentsApiRole",
      "RecoverySagaRole",
    ]);
    const refundTasks = ["HoldRefundTaskFunction", "GiveBackTaskFunction", "ReviewRefundTaskFunction"];
    for (const task of functions.filter(({ name }) => name.endsWith("TaskFunction"))) {
      // The sagas that the recovery starts take up what it only names.
      const owners =
        task.name === "RecoverTaskFunction"
          ? ["PaymentSagaRole", "RecoverySagaRole", "RefundSagaRole"]
          : refundTasks.includes(task.name)
            ? ["RefundSagaRole"]
            : [task.name === "DisputeTaskFunction" ? "DisputeSagaRole" : "PaymentSagaRole"];
      expect(whoMay("lambda:InvokeFunction", task.outputs?.["arn"])).toEqual(owners);
    }
    expect(whoMay("lambda:InvokeFunction", resource("PaymentsApiFunction").outputs?.["arn"])).toEqual([]);
  });
});
