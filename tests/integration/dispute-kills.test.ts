import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { ListExecutionsCommand, SFNClient } from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, expect, test } from "vitest";
import { StoredTables } from "#adapters/dynamodb/stored-tables.ts";
import { proofsOf } from "#core/proof/proof.ts";
import type { Endpoints } from "#local/endpoints.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { awsClient, storeOf } from "#tests/support/local-system.ts";
import { orphansOf, SystemProcess } from "#tests/support/system-process.ts";

/**
 * The process that carries a dispute's saga is killed behind each write that moves its money, before the saga knows of it, and
 * while the saga waits.
 */
const longMs = 60_000;
const waitedMs = 4_000;
const byTheSaga = { caller: "DisputeTask", action: "TransactWriteItems" };

interface Dispute {
  readonly id: string;
  readonly state: string;
  readonly version: number;
  readonly [member: string]: unknown;
}

let state: string;
let running: SystemProcess;
let endpoints: Endpoints;
let demo: ApiClient;
/** One that was killed twice while its saga wrote, and one whose time was over while nothing ran. */
let contested: string;
let waiting: string;
const seen: { deaths: (string | null)[]; orphans: string[]; atDeath: Dispute[]; waited: Dispute[] } = {
  ...{ deaths: [], orphans: [], atDeath: [], waited: [] },
};

async function start(process: SystemProcess): Promise<void> {
  running = process;
  endpoints = await running.ready();
  demo = await ApiClient.signIn(endpoints, endpoints.merchants.demo);
}

async function paid(): Promise<string> {
  const { body } = await demo.payWithCard({ number: "4242424242424242" });
  expect(body.state).toBe("captured");
  return body.id;
}

async function denied(payment: string, dueInSeconds?: number): Promise<void> {
  const body = {
    ...{ operation_key: `${payment}:capture:1`, reason: "fraudulent" },
    ...(dueInSeconds === undefined ? {} : { due_in_seconds: dueInSeconds }),
  };
  const url = `${endpoints.acquirers[0]}/sandbox/disputes`;
  expect((await fetch(url, { method: "POST", body: JSON.stringify(body) })).status).toBe(201);
}

const disputeOf = async (payment: string): Promise<Dispute | undefined> =>
  (await demo.get(`/v1/disputes?payment=${payment}`)).body.data[0];

const inState = (payment: string, wanted: string) =>
  eventually(async () => {
    const dispute = await disputeOf(payment);
    return dispute?.state === wanted ? dispute : undefined;
  }, longMs);

/** The next write of the saga is its last in this process. */
async function diesBehindNextWrite(): Promise<void> {
  const order = join(state, "dies-behind");
  writeFileSync(`${order}.new`, JSON.stringify(byTheSaga));
  renameSync(`${order}.new`, order);
  await eventually(async () => (existsSync(order) ? undefined : true), longMs);
}

async function died(): Promise<void> {
  seen.deaths.push(await running.death());
  seen.orphans.push(...(await orphansOf(state)));
}

beforeAll(async () => {
  state = mkdtempSync(join(tmpdir(), "tallystick-dispute-kills-"));
  await start(SystemProcess.dying(state));
  // The first of a merchant opens its account as well: this is about the others.
  const first = await paid();
  await denied(first, 0);
  await inState(first, "lost");
  [contested, waiting] = [await paid(), await paid()];
  await denied(waiting, waitedMs / 1_000);
  seen.waited.push(await inState(waiting, "needs_response"));
  await diesBehindNextWrite();
  await denied(contested);
  await died();
  await sleep(waitedMs);

  await start(SystemProcess.dying(state));
  const opened = await disputeOf(contested);
  if (opened !== undefined) seen.atDeath.push(opened);
  await inState(waiting, "lost");
  const path = `/v1/disputes/${opened?.id}/evidence`;
  const headers = { "idempotency-key": newKey() };
  const given = await demo.send("POST", path, { body: { text: "winning_evidence" }, headers });
  expect(given.statusCode).toBe(202);
  await inState(contested, "under_review");
  await diesBehindNextWrite();
  await died();

  await start(new SystemProcess(state));
  const ended = await disputeOf(contested);
  if (ended !== undefined) seen.atDeath.push(ended);
}, 5 * longMs);

afterAll(async () => {
  await running?.stop();
  rmSync(state, { recursive: true, force: true });
});

test("each kill came behind the write, and nothing outlived it", () => {
  expect(seen.deaths).toEqual(["SIGKILL", "SIGKILL"]);
  expect(seen.orphans).toEqual([]);
  expect(seen.waited).toMatchObject([{ state: "needs_response", version: 1 }]);
  // What the next process found: written, by a saga that never heard of it.
  expect(seen.atDeath).toMatchObject([
    { state: "needs_response", version: 1 },
    { state: "won", version: 4 },
  ]);
});

/** How the executions of a dispute stand, by what they were started for. */
async function executionsOf(states: SFNClient, id: string): Promise<Readonly<Record<string, string>>> {
  const stateMachineArn = "arn:aws:states:eu-west-1:123456789012:stateMachine:tallystick-local-dispute";
  const { executions = [] } = await states.send(new ListExecutionsCommand({ stateMachineArn }));
  return Object.fromEntries(
    executions
      .filter(({ name }) => name?.startsWith(id))
      .map(({ name = "", status = "" }) => [name.slice(id.length).split("-")[1] ?? "whole", status]),
  );
}

test("each dispute ended as it should, and what was started for it with it", async () => {
  const won = await disputeOf(contested);
  const lost = await disputeOf(waiting);
  expect(won).toMatchObject({ state: "won", version: 4 });
  expect(lost).toMatchObject({ state: "lost", loss: { code: "no_evidence" }, version: 2 });
  const states = new SFNClient(awsClient(endpoints));
  try {
    await eventually(async () => {
      const { closed } = await executionsOf(states, won?.id ?? "");
      return closed === "SUCCEEDED" ? true : undefined;
    }, longMs);
    // The first looks again within the hour, and finds that nothing is left to do.
    expect(await executionsOf(states, won?.id ?? "")).toEqual({
      ...{ whole: "RUNNING", evidence: "SUCCEEDED", closed: "SUCCEEDED" },
    });
    expect(await executionsOf(states, lost?.id ?? "")).toMatchObject({ whole: "SUCCEEDED" });
  } finally {
    states.destroy();
  }
});

test("what was charged back was posted once, and returned once where it was won", async () => {
  const operator = await ApiClient.signIn(endpoints, endpoints.operator);
  const entriesOf = async (payment: string) => {
    const { body } = await operator.get(`/v1/ops/payments/${payment}/timeline`);
    return (body.data as { kind: string; entry?: string }[])
      .filter(({ kind, entry }) => kind === "journal" && entry?.includes(".chargeback"))
      .map(({ entry }) => entry?.split(".")[1]);
  };
  expect(await entriesOf(contested)).toEqual(["chargeback", "chargeback_won"]);
  expect(await entriesOf(waiting)).toEqual(["chargeback"]);
});

test("all of it is proved, once all is told", async () => {
  const { client, tablePrefix } = storeOf(endpoints);
  const dynamoDb = new DynamoDBClient(client);
  try {
    await eventually(async () => {
      const proofs = proofsOf(await new StoredTables(dynamoDb, tablePrefix).read(), Date.now());
      const disputes = proofs.find(({ claim }) => claim === "disputes and their entries agree");
      expect(disputes?.checked).toBe(3);
      return proofs.every(({ findings }) => findings.length === 0) ? true : undefined;
    }, longMs);
  } finally {
    dynamoDb.destroy();
  }
});
