import { afterAll, beforeAll, expect, test } from "vitest";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { type DeadLetter, deadLetterIdOf } from "#core/operations/dead-letter.ts";
import { minute, noon } from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";

let tables: TestTables;
let store: DeadLetterStore;
beforeAll(async () => {
  tables = await startTables();
  store = new DeadLetterStore(tables.client, "dead-letters");
});
afterAll(() => tables.stop());

function letterOf(n: number, body = "b"): DeadLetter {
  const receivedAt = noon + n * minute;
  return {
    id: deadLetterIdOf(receivedAt, String(n)),
    origin: { kind: "message", queueArn: "arn:aws:sqs:eu-west-1:123456789012:checks", body },
    reason: "test",
    receivedAt,
    replays: [],
  };
}

test("a letter that is delivered again does not forget that it was replayed", async () => {
  const letter = letterOf(0);
  await store.keep(letter);
  await store.noteReplay(letter.id, { at: noon, by: "ops", done: "sent" });
  await store.keep(letter);
  expect((await store.get(letter.id))?.replays).toEqual([{ at: noon, by: "ops", done: "sent" }]);
});

test("letters so large that DynamoDB ends the page early are all listed, newest first", async () => {
  const letters = Array.from({ length: 20 }, (_, n) => letterOf(n + 1, "x".repeat(100_000)));
  for (const letter of letters) await store.keep(letter);
  const listed: string[] = [];
  const sizes: number[] = [];
  let before: string | undefined;
  do {
    const page = await store.list({ limit: 100, ...(before !== undefined && { before }) });
    listed.push(...page.letters.map(({ id }) => id));
    sizes.push(page.letters.length);
    before = page.next;
  } while (before !== undefined);
  expect(sizes.length).toBeGreaterThan(1);
  expect(listed.slice(0, 20)).toEqual(letters.map(({ id }) => id).toReversed());
});
