import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { signatureHeader } from "#core/acquiring/notification.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

let system: TestSystem;
let operator: ApiClient;
let sqs: SQSClient;

beforeAll(async () => {
  system = await startTestSystem();
  operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
  const {
    endpoint,
    region,
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
  } = system.endpoints.aws;
  const credentials = { accessKeyId, secretAccessKey };
  sqs = new SQSClient({ endpoint, region, credentials, useQueueUrlAsEndpoint: false });
});
afterEach(() => system.faults.clear());
afterAll(async () => {
  sqs?.destroy();
  await system?.stop();
});

const queueUrl = (name: string) =>
  `https://sqs.eu-west-1.amazonaws.com/123456789012/tallystick-local-${name}`;
const send = (queue: string, body: string) =>
  sqs.send(new SendMessageCommand({ QueueUrl: queueUrl(queue), MessageBody: body }));

interface Listed {
  readonly id: string;
  readonly payment: string | null;
  readonly reason: string;
  readonly state: string;
  readonly replays: readonly { readonly by: string; readonly done: string }[];
}
async function listed(state = "all"): Promise<readonly Listed[]> {
  const { body } = await operator.get(`/v1/ops/dead-letters?state=${state}`);
  return body.data;
}
async function letterThatHolds(text: string): Promise<Listed> {
  return eventually(async () => {
    for (const { id } of await listed()) {
      const { body, text: shown } = await operator.get(`/v1/ops/dead-letters/${id}`);
      if (shown.includes(text)) return body;
    }
    return undefined;
  });
}

test("what lands among the dead letters is kept and shown, whatever it is", async () => {
  await send("dead-letters", "neither JSON nor sense");
  const letter = await letterThatHolds("neither JSON nor sense");
  expect(letter).toMatchObject({ kind: "message", state: "open", payment: null, replays: [] });
});

test("a letter without a way back says so, and stays open", async () => {
  await send("dead-letters", "no way back");
  const { id } = await letterThatHolds("no way back");
  const replayed = await operator.send("POST", `/v1/ops/dead-letters/${id}/replay`);
  expect([replayed.statusCode, replayed.body.code]).toEqual([409, "not_replayable"]);
  expect((await listed("open")).map((each) => each.id)).toContain(id);
});

test("merchants see no dead letters, and nobody sees what is none", async () => {
  const demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  expect((await demo.get("/v1/ops/dead-letters")).statusCode).toBe(403);
  for (const id of ["dl_00000000000000000000000000", "dl_x", "pay_x"]) {
    expect((await operator.get(`/v1/ops/dead-letters/${id}`)).statusCode).toBe(404);
  }
});

describe("what an acquirer tells and nothing handles yet", () => {
  /** Alpha's desk, where customers deny what they paid. */
  const desk = async (method: string, path: string, body?: object) => {
    const answer = await fetch(`${system.endpoints.acquirers[0]}${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return JSON.parse(await answer.text());
  };
  /** A dispute that its merchant has accepted, and that the acquirer has not ended yet. */
  const accepted = async () => {
    const demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
    const { body: payment } = await demo.payWithCard({ number: "4242424242424242" });
    const { reference } = await desk("GET", `/v1/operations/${payment.id}:capture:1`);
    const opened = await desk("POST", "/sandbox/disputes", { reference, amount: 5_00, reason: "fraudulent" });
    const { id } = await eventually(async () => {
      const { body } = await demo.get(`/v1/disputes?payment=${payment.id}`);
      return body.data[0];
    });
    const headers = { "idempotency-key": newKey() };
    await demo.send("POST", `/v1/disputes/${id}/accept`, { body: {}, headers });
    return { payment, reference, opened };
  };
  const lettersOf = async (payment: string) =>
    (await listed()).filter((letter) => letter.payment === payment);
  const firstLetterOf = async (payment: string): Promise<string> =>
    eventually(async () => (await lettersOf(payment))[0]?.id);

  test("is kept whole for a person, as a dispute that ends otherwise than was written down", async () => {
    const { payment, reference, opened } = await accepted();
    await desk("POST", `/sandbox/disputes/${opened.id}`, { outcome: "won" });
    const { body: letter } = await operator.get(`/v1/ops/dead-letters/${await firstLetterOf(payment.id)}`);
    expect(letter).toMatchObject({
      ...{ kind: "notification", state: "open", from: "acquirer alpha", payment: payment.id },
      reason: "nothing here handles dispute.closed",
      content: {
        acquirer: "alpha",
        body: {
          ...{ type: "dispute.closed", merchant: "mer_demo", key: `${payment.id}:capture:1`, reference },
          dispute: { ...opened, outcome: "won" },
        },
      },
    });
    const replayed = await operator.send("POST", `/v1/ops/dead-letters/${letter.id}/replay`);
    expect([replayed.statusCode, replayed.body.code]).toEqual([409, "not_replayable"]);
  });

  test("is not acknowledged before it is kept: the acquirer tells it again", async () => {
    const { payment, opened } = await accepted();
    const down = system.faults.inject({
      ...{ caller: "AcquirersApi", action: "PutItem", count: 1_000 },
      fault: { kind: "refuse", error: "InternalServerError", statusCode: 500 },
    });
    await desk("POST", `/sandbox/disputes/${opened.id}`, { outcome: "won" });
    await eventually(async () => (down.hits > 0 ? true : undefined));
    expect(await lettersOf(payment.id)).toEqual([]);
    down.remove();
    expect(await firstLetterOf(payment.id)).toMatch(/^dl_/);
  });

  const body = JSON.stringify({ id: "ntf_new", type: "payout.sent", created_at: "2030-01-01T00:00:00Z" });
  const tell = () =>
    ApiClient.anonymous(system.endpoints).send("POST", "/v1/acquirers/alpha/notifications", {
      body,
      headers: { "acquirer-signature": signatureHeader(body, ["sandbox-notify-alpha"], Date.now()) },
    });

  test("is 503 while it cannot be kept, and 202 when it is", async () => {
    system.faults.inject({
      ...{ caller: "AcquirersApi", action: "PutItem", count: 1_000 },
      fault: { kind: "refuse", error: "InternalServerError", statusCode: 500 },
    });
    expect((await tell()).statusCode).toBe(503);
    system.faults.clear();
    expect((await tell()).statusCode).toBe(202);
  });

  test("is kept once, also of a type that nobody knows, and however often it comes", async () => {
    const before = (await listed()).filter(({ reason }) => reason.endsWith("payout.sent")).length;
    expect([(await tell()).statusCode, (await tell()).statusCode]).toEqual([202, 202]);
    const kept = (await listed()).filter(({ reason }) => reason.endsWith("payout.sent"));
    expect([before, kept.length]).toEqual([1, 1]);
  });
});
