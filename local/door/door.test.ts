import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { KMSClient, ListKeysCommand } from "@aws-sdk/client-kms";
import { ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { jsonAnswer } from "./answers.ts";
import { CallLog } from "./call-log.ts";
import { CredentialRegistry, type Credentials } from "./credentials.ts";
import { type Door, openDoor } from "./door.ts";
import type { AwsAnswer, AwsCall, Engine } from "./engine.ts";
import { Meter } from "./meter.ts";

const role = "arn:aws:iam::123456789012:role/payments";

let door: Door;
let log: CallLog;
let warnings: string[];
let payments: Credentials;
let poller: Credentials;
let meter: Meter;
let seen: AwsCall[];

beforeEach(async () => {
  const credentials = new CredentialRegistry();
  payments = credentials.issue("payments", role);
  poller = credentials.issue("events of payments", role, { isPoller: true });
  meter = new Meter();
  log = new CallLog(100);
  warnings = [];
  seen = [];
  door = await openDoor({ credentials, log, meter, warn: (line) => warnings.push(line), port: 0 });
  door.serve(
    engine("dynamodb", (call) => {
      seen.push(call);
      return jsonAnswer({ TableNames: ["payments"] });
    }),
  );
});
afterEach(() => door.stop());

const engine = (
  service: string,
  answer: (call: AwsCall) => Awaited<ReturnType<Engine["handle"]>>,
): Engine => ({
  service,
  handle: async (call) => answer(call),
});

const client = (credentials: Credentials) =>
  new DynamoDBClient({ endpoint: door.url, region: "eu-west-1", credentials, maxAttempts: 1 });

const nameOfRefusal = (call: Promise<unknown>) =>
  call.then(
    () => "no refusal",
    (thrown: Error) => thrown.name,
  );

describe("the door knows who calls", () => {
  test("a call signed with a role's key reaches the engine as that role, its action read", async () => {
    const answer = await client(payments).send(new ListTablesCommand({ Limit: 7 }));
    expect(answer.TableNames).toEqual(["payments"]);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({
      service: "dynamodb",
      action: "ListTables",
      caller: { name: "payments", roleArn: role },
    });
    expect(JSON.parse(String(seen[0]?.body))).toEqual({ Limit: 7 });
  });

  test("a key that this run did not issue is refused with AWS's own error", async () => {
    const stranger = { accessKeyId: "AKIAIOSFODNN7EXAMPLE", secretAccessKey: payments.secretAccessKey };
    expect(await nameOfRefusal(client(stranger).send(new ListTablesCommand({})))).toBe(
      "UnrecognizedClientException",
    );
    expect(seen).toEqual([]);
  });

  test("a known key id with another secret is refused: the id alone is not an identity", async () => {
    const forged = { accessKeyId: payments.accessKeyId, secretAccessKey: "guessed" };
    expect(await nameOfRefusal(client(forged).send(new ListTablesCommand({})))).toBe(
      "InvalidSignatureException",
    );
    expect(seen).toEqual([]);
  });

  test("a call without a signature is refused", async () => {
    const answer = await fetch(door.url, {
      method: "POST",
      headers: { "x-amz-target": "DynamoDB_20120810.ListTables" },
      body: "{}",
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ __type: "MissingAuthenticationTokenException" });
  });

  test("a signature that is cut short is refused", async () => {
    const answer = await fetch(door.url, {
      method: "POST",
      headers: { authorization: "AWS4-HMAC-SHA256 Credential=x" },
    });
    expect(await answer.json()).toMatchObject({ __type: "IncompleteSignatureException" });
  });

  test("a body larger than any AWS request may be reaches no engine", async () => {
    const put = { method: "POST", body: Buffer.alloc(16 * 1024 * 1024 + 1) };
    await fetch(door.url, put).then(
      ({ status }) => expect(status).toBe(413),
      () => undefined,
    );
    expect(seen).toEqual([]);
    expect(log.recent()).toEqual([]);
  });

  test("a service without an engine is refused, and said once", async () => {
    const kms = new KMSClient({
      endpoint: door.url,
      region: "eu-west-1",
      credentials: payments,
      maxAttempts: 1,
    });
    expect(await nameOfRefusal(kms.send(new ListKeysCommand({})))).toBe("UnknownOperationException");
    expect(await nameOfRefusal(kms.send(new ListKeysCommand({})))).toBe("UnknownOperationException");
    expect(warnings).toEqual(["payments calls kms ListKeys: no local engine answers that service"]);
  });

  test("an engine that throws is a server error to the caller, and its reason a line in the log", async () => {
    door.serve(
      engine("dynamodb", () => {
        throw new Error("the disk is full");
      }),
    );
    expect(await nameOfRefusal(client(payments).send(new ListTablesCommand({})))).toBe("InternalServerError");
    expect(warnings).toEqual(["the dynamodb engine failed on ListTables: Error: the disk is full"]);
  });
});

describe("the door keeps a log", () => {
  test("of service, action, caller, sizes and answer", async () => {
    await client(payments).send(new ListTablesCommand({ Limit: 7 }));
    expect(log.recent()).toEqual([
      expect.objectContaining({
        service: "dynamodb",
        action: "ListTables",
        caller: "payments",
        requestBytes: '{"Limit":7}'.length,
        responseBytes: '{"TableNames":["payments"]}'.length,
        statusCode: 200,
        error: undefined,
        trace: undefined,
      }),
    ]);
    expect(log.recent()[0]?.durationMs).toBeGreaterThan(0);
  });

  test("of refusals, by the name of their exception", async () => {
    const forged = { accessKeyId: payments.accessKeyId, secretAccessKey: "guessed" };
    await nameOfRefusal(client(forged).send(new ListTablesCommand({})));
    expect(log.recent()).toEqual([
      expect.objectContaining({ caller: "payments", statusCode: 400, error: "InvalidSignatureException" }),
    ]);
  });

  test("that anyone on this machine can read", async () => {
    await client(payments).send(new ListTablesCommand({}));
    const answer = await fetch(`${door.url}/_calls`);
    expect(await answer.json()).toMatchObject({ calls: [{ action: "ListTables" }] });
  });
});

describe("a look at a queue", () => {
  const inbox = "https://sqs.eu-west-1.amazonaws.com/123456789012/inbox";
  const news = jsonAnswer({ Messages: [{ MessageId: "1", Body: "news" }] });
  const nothing = jsonAnswer({});

  async function look(credentials: Credentials, answer: AwsAnswer): Promise<void> {
    door.serve(engine("sqs", () => answer));
    const access = { endpoint: door.url, region: "eu-west-1", credentials, maxAttempts: 1 };
    const sqs = new SQSClient({ ...access, useQueueUrlAsEndpoint: false, md5: false });
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: inbox })).catch(() => undefined);
    sqs.destroy();
  }

  test("that brings a poller nothing is counted, and takes no other call's place", async () => {
    await look(poller, nothing);
    await look(poller, nothing);
    expect({ calls: log.recent(), looks: log.looks }).toEqual({ calls: [], looks: 2 });
    const [bytes] = meter.totals().filter(({ unit }) => unit === "bytes_out");
    expect(bytes?.quantity).toBe(2 * nothing.body.length);
  });

  test.each([
    ["brings a poller something", () => look(poller, news)],
    ["a poller is refused", () => look(poller, jsonAnswer({ __type: "AccessDenied" }, 400))],
    ["brings anyone else nothing", () => look(payments, nothing)],
  ])("that %s is remembered", async (_what, call) => {
    await call();
    expect({ calls: log.recent(), looks: log.looks }).toMatchObject({
      calls: [{ action: "ReceiveMessage" }],
      looks: 0,
    });
  });
});

test("an engine learns that its caller hung up", async () => {
  const caller = new AbortController();
  const engineLearned = new Promise<void>((resolve) => {
    door.serve({
      service: "dynamodb",
      handle: ({ signal }) =>
        new Promise((answer) => {
          signal.addEventListener("abort", () => {
            resolve();
            answer(jsonAnswer({}));
          });
          caller.abort();
        }),
    });
  });
  const call = client(payments).send(new ListTablesCommand({}), { abortSignal: caller.signal });
  expect(await nameOfRefusal(call)).toBe("AbortError");
  await engineLearned;
});
