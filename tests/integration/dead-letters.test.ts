import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiClient } from "#tests/support/api-client.ts";
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
