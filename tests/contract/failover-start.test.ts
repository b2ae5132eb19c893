import { QueryCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { Context } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { clientOptions, startTables, type TestTables } from "#tests/support/tables.ts";
import type { Admitted } from "#workflows/failover/contract.ts";

/** How a failover starts: by whose word, and from when on it looks. */

const word = { by: "operator", reason: "eu-west-1 is lost", evidence: "incident 4711" };
const context = { getRemainingTimeInMillis: () => 30_000 } as Context;

let tables: TestTables;
let admit: (event: unknown, context: Context) => Promise<Admitted>;

beforeAll(async () => {
  tables = await startTables();
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", tables.endpoint);
  vi.stubEnv("AWS_REGION", clientOptions.region);
  vi.stubEnv("AWS_ACCESS_KEY_ID", clientOptions.credentials.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", clientOptions.credentials.secretAccessKey);
  vi.stubEnv("DEAD_LETTERS_TABLE", "dead-letters");
  vi.stubEnv("EPOCH", "2");
  ({ handler: admit } = (await import("#functions/tasks/failover/admit.ts")) as never);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await tables.stop();
});

const start = (more: object, at = "14:00") =>
  admit(
    { word: { ...word, ...more }, began: `2026-03-01T${at}:00Z`, execution: `started at ${at}` },
    context,
  );
const today = (at: string) => `2026-03-01T${at}:00Z`;

async function register(): Promise<Record<string, unknown>[]> {
  const { Items = [] } = await tables.client.send(
    new QueryCommand({
      TableName: "dead-letters",
      KeyConditionExpression: "pk = :failovers",
      ExpressionAttributeValues: { ":failovers": { S: "failovers" } },
    }),
  );
  return Items.map((item) => unmarshall(item));
}

describe("a failover that is not told from when on to look", () => {
  test.each([
    ["at all", {}, /since is a time/],
    ["in a way that is a time", { since: "yesterday" }, /since is a time/],
    ["but by a time without an offset", { since: "2026-03-01T11:00:00" }, /since is a time/],
    ["but by one after its start", { since: today("14:01") }, /since is in the future/],
    ["but by one of another year", { since: "2025-03-01T11:00:00Z" }, /more than 30 days ago/],
  ])("%s, is refused, and nothing is written down", async (_what, more, refusal) => {
    await expect(start(more)).rejects.toMatchObject({
      name: "FailoverRefused",
      message: expect.stringMatching(refusal),
    });
    expect(await register()).toEqual([]);
  });
});

test("of all starts in an epoch the earliest `since` counts, and the first word stands", async () => {
  const lookedBack: string[] = [];
  for (const [at, since] of [
    ["14:00", "11:00"],
    ["15:00", "14:30"],
    ["16:00", "10:00"],
    ["17:00", "11:00"],
  ] as const) {
    const admitted = await start({ since: today(since), by: `operator at ${at}` }, at);
    // Findings are known by it: what a second start finds again is the same letter.
    expect(admitted).toMatchObject({ epoch: 2, began: Date.parse(today("14:00")) });
    lookedBack.push(new Date(admitted.since).toISOString().slice(11, 16));
  }
  expect(lookedBack).toEqual(["11:00", "11:00", "10:00", "10:00"]);
  expect(await register()).toEqual([
    {
      ...{ pk: "failovers", sk: "000002", state: "begun", since: Date.parse(today("10:00")) },
      ...{ ...word, by: "operator at 14:00", execution: "started at 14:00" },
      began_at: Date.parse(today("14:00")),
    },
  ]);
});
