import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { KMSClient, ListKeysCommand } from "@aws-sdk/client-kms";
import { ListStateMachinesCommand, SFNClient } from "@aws-sdk/client-sfn";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { jsonAnswer } from "./answers.ts";
import { CallLog } from "./call-log.ts";
import { CredentialRegistry } from "./credentials.ts";
import { type Door, openDoor } from "./door.ts";
import { type Fault, Faults } from "./faults.ts";

const registry = new CredentialRegistry();
const postTask = registry.issue("PostTask", undefined);
const reviewTask = registry.issue("ReviewTask", undefined);

let door: Door;
let faults: Faults;
let log: CallLog;
/** Actions that engines executed. */
let executed: string[];

beforeEach(async () => {
  faults = new Faults();
  log = new CallLog(100);
  executed = [];
  door = await openDoor({ credentials: registry, log, faults, warn: () => undefined, port: 0 });
  for (const service of ["dynamodb", "kms", "states"]) {
    door.serve({
      service,
      handle: async ({ action }) => {
        executed.push(action);
        return jsonAnswer({ executed: executed.length });
      },
    });
  }
});
afterEach(() => door.stop());

const options = (credentials = postTask, maxAttempts = 1) => ({
  endpoint: door.url,
  region: "eu-west-1",
  credentials,
  maxAttempts,
});
const Item = { pk: { S: "a" } };
const put = new PutItemCommand({ TableName: "payments", Item });
const get = new GetItemCommand({ TableName: "payments", Key: Item });
const transaction = new TransactWriteItemsCommand({
  TransactItems: [{ Put: { TableName: "payments", Item } }, { Put: { TableName: "ledger", Item } }],
});
const send = (command: typeof put | typeof get | typeof transaction, credentials = postTask) =>
  new DynamoDBClient(options(credentials)).send(command as typeof put);
const nameOf = (call: Promise<unknown>) =>
  call.then(
    () => "answered",
    (thrown: Error & { code?: string }) => thrown.code ?? thrown.name,
  );

describe("a fault", () => {
  test.each<[Fault, string, number]>([
    [{ kind: "lose_reply" }, "ECONNRESET", 1],
    [{ kind: "close" }, "ECONNRESET", 0],
    [{ kind: "duplicate" }, "answered", 2],
    [{ kind: "delay", ms: 1 }, "answered", 1],
    [{ kind: "throttle" }, "ThrottlingException", 0],
    [{ kind: "conflict" }, "TransactionConflictException", 0],
    [{ kind: "refuse", error: "AccessDeniedException" }, "AccessDeniedException", 0],
    [{ kind: "refuse", error: "InternalServerError", statusCode: 500 }, "InternalServerError", 0],
  ])("$kind is to its caller what it is on AWS", async (fault, answer, executions) => {
    faults.inject({ fault });
    expect(await nameOf(send(put))).toBe(answer);
    expect(executed).toHaveLength(executions);
    expect(log.recent().at(-1)).toMatchObject({ action: "PutItem", fault: fault.kind });
  });

  test("hits the calls of its service, action and caller only", async () => {
    faults.inject({
      service: "dynamodb",
      action: "PutItem",
      caller: "PostTask",
      fault: { kind: "throttle" },
    });
    expect(await nameOf(send(get))).toBe("answered");
    expect(await nameOf(send(put, reviewTask))).toBe("answered");
    expect(await nameOf(send(put))).toBe("ThrottlingException");
  });

  test("lets the calls pass that it is told to skip, and hits as often as it is told", async () => {
    const injected = faults.inject({ skip: 1, count: 2, fault: { kind: "throttle" } });
    const answers: string[] = [];
    for (let n = 0; n < 5; n += 1) answers.push(await nameOf(send(put)));
    expect(answers).toEqual([
      "answered",
      "ThrottlingException",
      "ThrottlingException",
      "answered",
      "answered",
    ]);
    expect(injected.hits).toBe(2);
  });

  test("ends when it is removed, or all are cleared", async () => {
    const removed = faults.inject({ count: 9, fault: { kind: "close" } });
    removed.remove();
    faults.inject({ count: 9, fault: { kind: "close" } });
    faults.clear();
    expect(await nameOf(send(put))).toBe("answered");
  });

  test("that was injected first hits first, and the next one the next call", async () => {
    faults.inject({ fault: { kind: "throttle" } });
    faults.inject({ fault: { kind: "conflict" } });
    expect([await nameOf(send(put)), await nameOf(send(put))]).toEqual([
      "ThrottlingException",
      "TransactionConflictException",
    ]);
  });

  test("of a length that no test waits for is refused", () => {
    expect(() => faults.inject({ fault: { kind: "delay", ms: 300_001 } })).toThrow(RangeError);
    expect(() => faults.inject({ fault: { kind: "delay", ms: Number.NaN } })).toThrow(RangeError);
  });
});

test("a delayed call is executed although its caller has given up", async () => {
  const delay = faults.inject({ fault: { kind: "delay", ms: 500 } });
  const givingUp = new AbortController();
  const call = nameOf(new DynamoDBClient(options()).send(put, { abortSignal: givingUp.signal }));
  await expect.poll(() => delay.hits).toBe(1);
  givingUp.abort();
  expect(await call).not.toBe("answered");
  expect(executed).toEqual([]);
  await expect.poll(() => executed).toEqual(["PutItem"]);
});

describe("a transaction", () => {
  const reasonsOf = async (): Promise<(string | undefined)[]> => {
    const thrown = await send(transaction).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(TransactionCanceledException);
    return (thrown as TransactionCanceledException).CancellationReasons?.map(({ Code }) => Code) ?? [];
  };

  test("meets a conflict in its first part, unless told otherwise", async () => {
    faults.inject({ fault: { kind: "conflict" } });
    expect(await reasonsOf()).toEqual(["TransactionConflict", "None"]);
    faults.inject({ fault: { kind: "conflict", reasons: ["None", "TransactionConflict"] } });
    expect(await reasonsOf()).toEqual(["None", "TransactionConflict"]);
    faults.inject({
      fault: { kind: "conflict", reasons: ["ConditionalCheckFailed", "TransactionConflict"] },
    });
    expect(await reasonsOf()).toEqual(["ConditionalCheckFailed", "TransactionConflict"]);
  });

  test("is throttled by a reason, too", async () => {
    faults.inject({ fault: { kind: "throttle" } });
    expect(await reasonsOf()).toEqual(["ThrottlingError", "None"]);
  });
});

test("the SDK tries again what was throttled, lost or never arrived", async () => {
  for (const kind of ["throttle", "lose_reply", "close"] as const) faults.inject({ fault: { kind } });
  const client = new DynamoDBClient(options(postTask, 4));
  await client.send(put);
  expect(log.recent().map(({ fault }) => fault)).toEqual(["throttle", "lose_reply", "close", undefined]);
  expect(executed).toEqual(["PutItem", "PutItem"]);
});

test("each service says in its own words that it was called too often", async () => {
  faults.inject({ count: 2, fault: { kind: "throttle" } });
  const [kms, states] = await Promise.all([
    new KMSClient(options()).send(new ListKeysCommand({})).catch((error: Error) => error),
    new SFNClient(options()).send(new ListStateMachinesCommand({})).catch((error: Error) => error),
  ]);
  expect(kms).toMatchObject({ name: "ThrottlingException", message: expect.stringContaining("call KMS") });
  expect(states).toMatchObject({ name: "ThrottlingException", message: "Rate exceeded" });
});
