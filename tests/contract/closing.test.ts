import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Against, Finance } from "#adapters/books/finance.ts";
import { Settlement } from "#adapters/books/settlement.ts";
import { closePeriod, showClosings } from "#cli/closing.ts";
import { journalFilesOf } from "#cli/journal-queue.ts";
import { forgetBooks } from "#tests/support/books-server.ts";
import { openCloud } from "#tests/support/cloud.ts";
import { day, demo, noon } from "#tests/support/examples.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";
import { captured, dayOf, line } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";

let server: SettledBooks["server"];
let owner: SettledBooks["owner"];
let pool: SettledBooks["pool"];
let books: SettledBooks["books"];
let settlement: SettledBooks["settlement"];

beforeAll(async () => {
  ({ server, owner, pool, books, settlement } = await startSettledBooks());
});
afterAll(() => server?.stop());
beforeEach(() => forgetBooks(owner));

const at = (ms: number): Date => new Date(ms);
const nothing = (): Promise<readonly Against[]> => Promise.resolve([]);
const today = dayOf(noon);
const close = (anyway?: string, upTo = today, journal = nothing) =>
  closePeriod(server.url, journal, { "up-to": upTo, by: "lee", anyway });

async function bring(gross: bigint, isRead = true): Promise<void> {
  const file = await settlement.begin(
    { bucket: "inbound", key: "alpha/1.csv", version: "1", acquirer: "alpha" },
    at(noon),
  );
  await settlement.take(file, [line(1, 1, gross)], at(noon));
  if (isRead) await settlement.finish(file, at(noon));
}
const balanceAt = async (upTo: string): Promise<bigint> => {
  const lines = await books.trialBalance(upTo);
  const pending = lines.find(({ account }) => account === `${demo}:2100:USD`);
  return (pending?.credits ?? 0n) - (pending?.debits ?? 0n);
};

test("a period against which nothing stands is closed, and stays as it was: a later record of its days counts behind it", async () => {
  await books.post([captured(1, 100n)]);
  await bring(100n);
  expect(await close()).toBe(
    `the books are closed up to ${today}: what is recorded about those days from now on counts on ${dayOf(noon + day)}`,
  );
  const late = captured(2, 50n);
  await books.post([{ ...late, created_at: new Date(Date.now() + day).toISOString() }]);
  expect(await balanceAt(today)).toBe(100n);
  expect(await balanceAt(dayOf(noon + day))).toBe(150n);
  expect(await showClosings(server.url)).toMatch(new RegExp(`^${today} +\\S+Z +lee$`, "m"));
});

describe("against closing stands", () => {
  const refused = (items: number, what: string) =>
    expect(close()).rejects.toThrow(
      new RegExp(
        `the books are not closed up to ${today}\\. Against it stands:\n\nHOW MANY +WHAT\n${items} +${what}`,
      ),
    );

  test("a break of those days, also one that was opened later", async () => {
    await books.post([captured(1, 100n), captured(2, 100n, undefined, noon + day)]);
    await bring(90n);
    await settlement.look(at(noon + 9 * day));
    expect((await settlement.breaks(false)).map(({ kind }) => kind)).toEqual(["under", "missing"]);
    await refused(1, "open breaks of those days");
    // The day behind it has the other one.
    await expect(close(undefined, dayOf(noon + day))).rejects.toThrow(/\n2 +open breaks/);
    await new Settlement(owner).note(1, {
      ...{ at: at(noon), who: "kim", act: "resolved", words: "theirs" },
    });
    await expect(close()).resolves.toContain("are closed");
  });

  test("a movement of those days that nobody knows of, before it is a break, and as a break", async () => {
    await bring(100n);
    await refused(1, "lines of acquirers that the books do not know");
    const against = (upTo = today) => new Finance(owner).against(upTo);
    expect(await against(dayOf(noon - day))).toEqual([]);
    await settlement.look(at(noon + day));
    await refused(1, "open breaks of those days");
    expect(await against()).toEqual([{ what: "open_breaks", items: 1 }]);
    await expect(close(undefined, dayOf(noon - day))).resolves.toContain("are closed");
  });

  test("no cost of a day: it is of no payment", async () => {
    const file = await settlement.begin(
      { bucket: "inbound", key: "alpha/1.csv", version: "1", acquirer: "alpha" },
      at(noon),
    );
    const cost = { operationKey: undefined, kind: "cost", reference: "fees", cost: 5n } as const;
    await settlement.take(file, [line(1, 1, 0n, cost)], at(noon));
    await settlement.finish(file, at(noon));
    expect(await new Finance(owner).against(today)).toEqual([]);
  });

  test("a file that is not read to its end", async () => {
    await books.post([captured(1, 100n)]);
    await bring(100n, false);
    await refused(1, "acquirers' files that were not read to their end");
    await bring(100n);
    await expect(close()).resolves.toContain("are closed");
  });

  test("a record that the books refused, and a file that ended in a flaw: until a closing has accepted them", async () => {
    const left = { bucket: "inbound", key: "alpha/2.csv", version: "1", acquirer: "alpha" };
    const file = await settlement.begin(left, new Date());
    await settlement.refuse(file, { place: 1, reason: "a line", text: "", endsFile: false });
    await settlement.finish(file, new Date());
    const whole = await settlement.begin({ ...left, key: "alpha/3.csv" }, new Date());
    await settlement.finish(whole, new Date());
    expect(await new Finance(owner).against(today)).toEqual([]);
    await settlement.refuse(file, { place: 2, reason: "cut", text: "", endsFile: true });
    await books.park("a line", "no schema");
    await refused(1, "records that the books refused since the last closing");
    await expect(close()).rejects.toThrow(/\n1 +files since the last closing that ended in a flaw/);
    await close("the acquirer sends it tomorrow");
    expect(await new Finance(owner).against(dayOf(noon + day))).toEqual([]);
  });

  test("a day that ended less than an hour ago", async () => {
    const standsAt = async (time: string) =>
      (await owner.query("SELECT what FROM books.against('2026-02-28', $1)", [time])).rows.map(
        ({ what }) => what,
      );
    expect(await standsAt("2026-03-01T00:59:59.999Z")).toEqual(["books_behind"]);
    expect(await standsAt("2026-03-01T01:00:00Z")).toEqual([]);
    // By the database's own clock: today is not over.
    const { rows } = await owner.query("SELECT what FROM books.against((now() AT TIME ZONE 'UTC')::date)");
    expect(rows).toEqual([{ what: "books_behind" }]);
  });

  test("what the journal's queue holds", async () => {
    const journal = () => Promise.resolve([{ what: "journal_files_waiting", items: 3 } as const]);
    await expect(close(undefined, today, journal)).rejects.toThrow(
      /\n3 +files of the journal that the books may not have yet\n/,
    );
  });
});

test("who closes it anyway says why, and what stood against it is kept beside that", async () => {
  await books.post([captured(1, 100n)]);
  await bring(90n);
  const journal = () => Promise.resolve([{ what: "journal_files_given_up", items: 2 } as const]);
  expect(await close("the auditor waits", today, journal)).toMatch(
    /^Against it stood:\n\nHOW MANY +WHAT\n1 +open breaks.*\n2 +files of the journal that were given up.*\n\nthe books are closed up to/,
  );
  expect(await showClosings(server.url)).toMatch(
    new RegExp(`^${today} +\\S+Z +lee +1 open_breaks, 2 journal_files_given_up +the auditor waits$`, "m"),
  );
});

test("the database itself refuses to close against something without a word, whoever asks", async () => {
  await books.park("a line", "no schema");
  await expect(owner.query("SELECT books.close($1, 'lee')", [today])).rejects.toThrow(
    'something stands against it: [{"what": "parked_records", "items": 1}]',
  );
  await expect(owner.query("SELECT books.close($1, 'lee', '')", [today])).rejects.toThrow("anyway");
  await expect(pool.query("SELECT books.close($1, 'lee', 'why')", [today])).rejects.toThrow(
    "permission denied",
  );
});

test.each<[string, Parameters<typeof closePeriod>[2], string]>([
  ["no day", { by: "lee" }, "--up-to 2026-10-31"],
  ["what is no day", { "up-to": "2026-02-30", by: "lee" }, '--up-to "2026-02-30" is no day'],
  ["nobody", { "up-to": today }, "--by lee"],
  ["no reason", { "up-to": today, by: "lee", anyway: "" }, "say why"],
  ["today", { "up-to": dayOf(Date.now()), by: "lee" }, "is not over yet"],
  ["a day that is not over", { "up-to": dayOf(Date.now()), by: "lee", anyway: "x" }, "is not over yet"],
])("%s is refused, with what to say", async (_what, options, says) => {
  await expect(closePeriod(server.url, nothing, options)).rejects.toThrow(says);
  expect(await showClosings(server.url)).toContain("no period is closed");
});

test("a day that is closed already is refused", async () => {
  await close();
  await expect(close()).rejects.toThrow(`the books are not closed: ${today} is closed already`);
});

test("files of the journal are counted while they wait, while they are worked on, and when they are given up", async () => {
  const queue = (name: string) => resource("aws:sqs/queue:Queue", name, { name });
  const names = ["tallystick-local-journal-files", "tallystick-local-journal-files-unread"];
  const cloud = await openCloud(planOf(names.map(queue)), { name: "ours", endpoint: undefined });
  const sqs = new SQSClient({ ...cloud.client, useQueueUrlAsEndpoint: false });
  const urlOf = (name = "") => `https://sqs.eu-west-1.amazonaws.com/123456789012/${name}`;
  const send = (name: string | undefined) =>
    sqs.send(new SendMessageCommand({ QueueUrl: urlOf(name), MessageBody: "file" }));
  const look = () => journalFilesOf({ client: cloud.client, tablePrefix: "tallystick-local-" });
  try {
    expect(await look()).toEqual([]);
    for (const name of [names[0], names[0], names[1]]) await send(name);
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: urlOf(names[0]), MaxNumberOfMessages: 1 }));
    expect(await look()).toEqual([
      { what: "journal_files_waiting", items: 2 },
      { what: "journal_files_given_up", items: 1 },
    ]);
  } finally {
    sqs.destroy();
    await cloud.stop();
  }
});
