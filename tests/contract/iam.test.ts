import { createSecretKey, randomBytes } from "node:crypto";

import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { DecryptCommand, GenerateDataKeyCommand, GenerateMacCommand, KMSClient } from "@aws-sdk/client-kms";
import { SFNClient, StartExecutionCommand, StopExecutionCommand } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { jsonAnswer } from "#local/door/answers.ts";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { type Decision, Guard } from "#local/iam/guard.ts";
import { seal } from "#local/kms/blob.ts";
import { keyIdOf } from "#local/kms/key.ts";
import { keyPlansOf } from "#local/kms/plan.ts";
import { functionsOf } from "#local/lambda/function-definition.ts";

import type { Plan } from "#local/plan/plan.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

/** Real SDK clients, signed by the roles of the committed plan, before engines that would answer everything. */
const plan = committedPlan();
const prefix = "tallystick-local";
const account = "123456789012";
const tableArn = (name: string) => `arn:aws:dynamodb:eu-west-1:${account}:table/${prefix}-${name}`;
const vaultKey = keyPlansOf(plan).find(({ aliases }) => aliases.includes(`alias/${prefix}-vault`))?.arn ?? "";
const fingerprintKey =
  keyPlansOf(plan).find(({ aliases }) => aliases.includes(`alias/${prefix}-fingerprint`))?.arn ?? "";
const saga = `arn:aws:states:eu-west-1:${account}:stateMachine:${prefix}-payment`;

let door: Door;
let log: CallLog;
let decisions: Decision[];
const credentials = new CredentialRegistry();

beforeAll(async () => {
  log = new CallLog(1_000);
  const guard = new Guard(plan, (decision) => decisions.push(decision));
  door = await openDoor({ credentials, log, guard, warn: () => undefined, port: 0 });
  for (const service of ["dynamodb", "kms", "states"]) {
    door.serve({ service, handle: async () => jsonAnswer({ executionArn: "a", startDate: 1, stopDate: 1 }) });
  }
});
beforeEach(() => {
  decisions = [];
});
afterAll(() => door.stop());

/** Options of a client that signs as a function of the plan. */
function as(functionName: string) {
  const definition = functionsOf(plan).find(({ logicalName }) => logicalName === `${functionName}Function`);
  if (definition === undefined) throw new Error(`the plan has no function ${functionName}`);
  return {
    endpoint: door.url,
    region: plan.region,
    credentials: credentials.issue(functionName, definition.roleArn, { sessionName: definition.name }),
    maxAttempts: 1,
  };
}
const dynamoDb = (functionName: string) => new DynamoDBClient(as(functionName));
const kms = (functionName: string) => new KMSClient(as(functionName));
const states = (functionName: string) => new SFNClient(as(functionName));

/** "allowed", or the message of the denial. */
const verdictOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "allowed",
    (thrown: Error) => {
      expect(thrown.name).toBe("AccessDeniedException");
      return thrown.message;
    },
  );
const S = (text: string) => ({ S: text });
const key = { pk: S("mer_demo#x"), sk: S("card") };

describe("a denial", () => {
  test("has AWS's name and words, and the log names what is missing", async () => {
    const put = new PutItemCommand({ TableName: `${prefix}-ledger`, Item: key });
    expect(await verdictOf(dynamoDb("PaymentsApi").send(put))).toBe(
      `User: arn:aws:sts::${account}:assumed-role/${prefix}-payments-api/${prefix}-payments-api is not authorized to ` +
        `perform: dynamodb:PutItem on resource: ${tableArn("ledger")} because no identity-based policy allows the ` +
        "dynamodb:PutItem action",
    );
    expect(log.recent().at(-1)).toMatchObject({
      caller: "PaymentsApi",
      statusCode: 400,
      error: "AccessDeniedException",
      denied: `dynamodb:PutItem on ${tableArn("ledger")}`,
    });
  });

  test("of an action that no role has names the action", async () => {
    expect(await verdictOf(dynamoDb("PaymentsApi").send(new ListTablesCommand({})))).toContain(
      `dynamodb:ListTables on resource: arn:aws:dynamodb:eu-west-1:${account}:table/*`,
    );
  });
});

describe("the vault", () => {
  const get = (options: Partial<GetItemCommandInput>) =>
    new GetItemCommand({ TableName: `${prefix}-vault`, Key: key, ...options });
  const denied = `dynamodb:GetItem on resource: ${tableArn("vault")}`;

  test.each<[string, Partial<GetItemCommandInput>]>([
    ["the public part", { ProjectionExpression: "brand, last4, exp_month" }],
    [
      "the public part under other names",
      { ProjectionExpression: "#b", ExpressionAttributeNames: { "#b": "brand" } },
    ],
  ])("shows the payments API %s", async (_what, options) => {
    expect(await verdictOf(dynamoDb("PaymentsApi").send(get(options)))).toBe("allowed");
  });

  test.each<[string, Partial<GetItemCommandInput>]>([
    ["the whole item", {}],
    ["the card", { ProjectionExpression: "card" }],
    ["the card among what is public", { ProjectionExpression: "brand, card" }],
    [
      "the card under another name",
      { ProjectionExpression: "#b", ExpressionAttributeNames: { "#b": "card" } },
    ],
    ["a part of the card", { ProjectionExpression: "brand, card.header[0]" }],
  ])("does not show it %s", async (_what, options) => {
    expect(await verdictOf(dynamoDb("PaymentsApi").send(get(options)))).toContain(denied);
  });

  test("does not show it the card in a transaction or a batch either", async () => {
    const client = dynamoDb("PaymentsApi");
    const item = { TableName: `${prefix}-vault`, Key: key, ProjectionExpression: "card" };
    expect(
      await verdictOf(client.send(new TransactGetItemsCommand({ TransactItems: [{ Get: item }] }))),
    ).toContain(denied);
    const batch = { [`${prefix}-vault`]: { Keys: [key], ProjectionExpression: "brand" } };
    expect(await verdictOf(client.send(new BatchGetItemCommand({ RequestItems: batch })))).toContain(
      "dynamodb:BatchGetItem",
    );
  });

  test("is opened under its table's key, which DynamoDB asks for in the caller's name", async () => {
    await dynamoDb("AuthorizeTask").send(get({ ProjectionExpression: "card" }));
    expect(decisions.map(({ action, verdict }) => [action, verdict])).toEqual([
      ["dynamodb:GetItem", "allowed"],
      ["kms:Decrypt", "allowed"],
    ]);
  });
});

describe("a transaction", () => {
  const put = (table: string) => ({ Put: { TableName: `${prefix}-${table}`, Item: key } });

  test("needs the permission of each of its parts, at each table", async () => {
    const post = new TransactWriteItemsCommand({ TransactItems: [put("payments"), put("ledger")] });
    expect(await verdictOf(dynamoDb("PostTask").send(post))).toBe("allowed");
    expect(decisions.map(({ action, resource: arn }) => [action, arn])).toEqual([
      ["dynamodb:PutItem", tableArn("payments")],
      ["dynamodb:PutItem", tableArn("ledger")],
    ]);
    expect(await verdictOf(dynamoDb("ReviewTask").send(post))).toContain(
      `dynamodb:PutItem on resource: ${tableArn("ledger")}`,
    );
  });

  test.each([
    ["dynamodb:DeleteItem", { Delete: { TableName: `${prefix}-ledger`, Key: key } }],
    [
      "dynamodb:UpdateItem",
      { Update: { TableName: `${prefix}-ledger`, Key: key, UpdateExpression: "SET a = :a" } },
    ],
    [
      "dynamodb:ConditionCheckItem",
      { ConditionCheck: { TableName: `${prefix}-ledger`, Key: key, ConditionExpression: "a = b" } },
    ],
  ])("is denied for %s behind a put that is allowed", async (action, part) => {
    const command = new TransactWriteItemsCommand({ TransactItems: [put("payments"), part] });
    expect(await verdictOf(dynamoDb("PostTask").send(command))).toContain(`${action} on resource`);
  });
});

describe("tables and indexes", () => {
  const due = { KeyConditionExpression: "due_pk = :p", ExpressionAttributeValues: { ":p": S("x") } };
  const payments = `${prefix}-payments`;

  test("are queried each by its own permission", async () => {
    const client = dynamoDb("Expire");
    const onIndex = new QueryCommand({ TableName: payments, IndexName: "due", ...due });
    expect(await verdictOf(client.send(onIndex))).toBe("allowed");
    const onTable = new QueryCommand({ TableName: payments, ...due });
    expect(await verdictOf(client.send(onTable))).toContain(
      `dynamodb:Query on resource: ${tableArn("payments")} `,
    );
  });

  test("may be named by their ARNs", async () => {
    const command = new ScanCommand({ TableName: tableArn("merchants") });
    expect(await verdictOf(dynamoDb("LedgerApi").send(command))).toBe("allowed");
    expect(await verdictOf(dynamoDb("PaymentsApi").send(command))).toContain(tableArn("merchants"));
  });

  test("are written in batches by a permission of that name alone", async () => {
    const requests = { [payments]: [{ PutRequest: { Item: key } }] };
    const batch = new BatchWriteItemCommand({ RequestItems: requests });
    expect(await verdictOf(dynamoDb("PostTask").send(batch))).toContain("dynamodb:BatchWriteItem");
  });
});

describe("keys", () => {
  const sealed = { merchant: "mer_demo", epoch: "1" };
  const dataKey = (KeyId: string, EncryptionContext?: Record<string, string>) =>
    new GenerateDataKeyCommand({
      KeyId,
      KeySpec: "AES_256",
      ...(EncryptionContext && { EncryptionContext }),
    });

  test("are used under the encryption context that the policy wants, by whatever name", async () => {
    const client = kms("CardTokensApi");
    expect(await verdictOf(client.send(dataKey(vaultKey, sealed)))).toBe("allowed");
    expect(await verdictOf(client.send(dataKey(`alias/${prefix}-vault`, sealed)))).toBe("allowed");
    expect(decisions.map(({ resource: arn }) => arn)).toEqual([vaultKey, vaultKey]);
  });

  test.each([
    ["no context", undefined],
    ["a context without the epoch", { merchant: "mer_demo" }],
  ])("are not used under %s", async (_what, context) => {
    expect(await verdictOf(kms("CardTokensApi").send(dataKey(vaultKey, context)))).toContain(
      `kms:GenerateDataKey on resource: ${vaultKey}`,
    );
  });

  test("open for one function what another sealed, also when only the ciphertext names them", async () => {
    const [planned] = keyPlansOf(plan).filter(({ arn }) => arn === vaultKey);
    if (planned === undefined) throw new Error("the plan has no vault key");
    const secret = { keyId: keyIdOf(vaultKey), material: createSecretKey(randomBytes(32)), createdAt: 0 };
    const CiphertextBlob = seal({ ...planned, ...secret }, Buffer.from("a card"), sealed);
    const open = new DecryptCommand({ CiphertextBlob, EncryptionContext: sealed });
    expect(await verdictOf(kms("AuthorizeTask").send(open))).toBe("allowed");
    expect(await verdictOf(kms("CardTokensApi").send(open))).toContain(
      `kms:Decrypt on resource: ${vaultKey}`,
    );
  });

  test("make MACs by the algorithm that the policy names", async () => {
    const mac = (MacAlgorithm: "HMAC_SHA_256" | "HMAC_SHA_384") =>
      new GenerateMacCommand({ KeyId: fingerprintKey, Message: Buffer.from("m"), MacAlgorithm });
    expect(await verdictOf(kms("CardTokensApi").send(mac("HMAC_SHA_256")))).toBe("allowed");
    expect(await verdictOf(kms("CardTokensApi").send(mac("HMAC_SHA_384")))).toContain("kms:GenerateMac");
  });

  test("that belong to a table open nothing for whoever asks KMS itself", async () => {
    const tableKey =
      keyPlansOf(plan).find(({ aliases }) => aliases.includes(`alias/${prefix}-vault-table`))?.arn ?? "";
    const open = new DecryptCommand({ KeyId: tableKey, CiphertextBlob: Buffer.from("x") });
    expect(await verdictOf(kms("PaymentsApi").send(open))).toContain(`kms:Decrypt on resource: ${tableKey}`);
  });
});

test("a saga is started by who may, and stopped by nobody", async () => {
  const start = new StartExecutionCommand({ stateMachineArn: saga });
  expect(await verdictOf(states("PaymentsApi").send(start))).toBe("allowed");
  expect(await verdictOf(states("LedgerApi").send(start))).toContain(
    `states:StartExecution on resource: ${saga}`,
  );
  const executionArn = `${saga.replace(":stateMachine:", ":execution:")}:pay_1`;
  expect(await verdictOf(states("PaymentsApi").send(new StopExecutionCommand({ executionArn })))).toContain(
    `states:StopExecution on resource: ${executionArn}`,
  );
});

test("the operator of this machine may do everything", async () => {
  const client = new DynamoDBClient({
    endpoint: door.url,
    region: plan.region,
    credentials: credentials.issue("operator", undefined),
  });
  expect(await verdictOf(client.send(new ScanCommand({ TableName: `${prefix}-vault` })))).toBe("allowed");
  expect(decisions).toEqual([]);
});

describe("a role that is held to one merchant's keys", () => {
  const role = `arn:aws:iam::${account}:role/fenced`;
  const statement = {
    Effect: "Allow",
    Action: "dynamodb:*",
    Resource: `arn:aws:dynamodb:*:*:table/${prefix}-payments*`,
    Condition: {
      "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["mer_demo#*"] },
      Null: { "dynamodb:LeadingKeys": "false" },
    },
  };
  const policy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  const fenced = resource("aws:iam/role:Role", "Fenced", { name: "fenced", inlinePolicies: [{ policy }] });
  const guard = new Guard({ ...plan, resources: [...plan.resources, { ...fenced, outputs: { arn: role } }] });
  const TableName = `${prefix}-payments`;
  const keyOf = (book: string) => ({ pk: S(`${book}#pay_1`), sk: S("payment") });
  const isRefused = (action: string, input: object): boolean =>
    guard.refuse({
      service: "dynamodb",
      action,
      caller: { accessKeyId: "LKIA", roleArn: role, name: "Fenced" },
      method: "POST",
      path: "/",
      headers: {},
      body: Buffer.from(JSON.stringify(input)),
      signal: new AbortController().signal,
    }) !== undefined;
  const batchOf = (...books: string[]) => ({ RequestItems: { [TableName]: { Keys: books.map(keyOf) } } });
  const queryOf = (partition: string) => ({
    TableName,
    IndexName: "by_time",
    KeyConditionExpression: "list_pk = :p",
    ExpressionAttributeValues: { ":p": S(partition) },
  });

  test.each<[string, object]>([
    ["GetItem", { TableName, Key: keyOf("mer_demo") }],
    ["BatchGetItem", batchOf("mer_demo", "mer_demo")],
    ["Query", queryOf("mer_demo#0")],
    ["TransactWriteItems", { TransactItems: [{ Put: { TableName, Item: keyOf("mer_demo") } }] }],
  ])("may %s that merchant's", (action, input) => {
    expect(isRefused(action, input)).toBe(false);
  });

  test.each<[string, object]>([
    ["GetItem", { TableName, Key: keyOf("mer_other") }],
    ["BatchGetItem", batchOf("mer_demo", "mer_other")],
    ["Query", queryOf("mer_other#0")],
    ["Scan", { TableName }],
    ["TransactWriteItems", { TransactItems: [{ Put: { TableName, Item: keyOf("mer_other") } }] }],
  ])("may not %s another's, or everyone's", (action, input) => {
    expect(isRefused(action, input)).toBe(true);
  });
});

describe("a plan that this cannot judge is refused at the start", () => {
  const role = (name: string, inputs: Readonly<Record<string, unknown>>): Plan => {
    const made = resource("aws:iam/role:Role", name, { name, ...inputs });
    return planOf([{ ...made, outputs: { arn: `arn:aws:iam::${account}:role/${name}` } }]);
  };
  const policy = (statement: object) => ({
    inlinePolicies: [{ policy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }) }],
  });

  test.each<[string, Plan]>([
    [
      "the policy of the plan's aws:iam/role:Role Odd has what the local IAM does not evaluate: the condition key aws:SourceIp",
      role(
        "Odd",
        policy({
          Effect: "Allow",
          Action: "s3:*",
          Resource: "*",
          Condition: { StringEquals: { "aws:SourceIp": "10.0.0.1" } },
        }),
      ),
    ],
    [
      "AWS's managed policies are not here",
      role("Managed", { managedPolicyArns: ["arn:aws:iam::aws:policy/ReadOnlyAccess"] }),
    ],
    [
      "is not evaluated by the local IAM: put the policy into its role",
      planOf([resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "Hung", {})]),
    ],
  ])("%s", (message, odd) => {
    expect(() => new Guard(odd)).toThrow(message);
  });
});
