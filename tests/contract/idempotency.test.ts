import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { StoreUnavailable } from "#adapters/dynamodb/errors.ts";
import type { Book } from "#core/ledger/account.ts";
import { type Answer, answer, created } from "#functions/api/http/answer.ts";
import { invalidField, Problem } from "#functions/api/http/problem.ts";
import { Idempotency, type OnceKey } from "#functions/api/idempotency.ts";
import { problemFrom } from "#tests/support/requests.ts";
import { clientOptions, startTables, type TestTables } from "#tests/support/tables.ts";

let tables: TestTables;
let idempotency: Idempotency;
beforeAll(async () => {
  tables = await startTables();
  idempotency = new Idempotency(tables.client, "idempotency");
});
afterAll(() => tables.stop());

let made = 0;
let key: OnceKey;
beforeEach(() => {
  made += 1;
  key = { book: "mer_demo" as Book, route: "POST /v1/payments", key: `key-${made}`, fingerprint: "f1" };
});

const remainingMs = () => 29_000;

/** A request that does something, and counts how often. */
function acting(given: Answer = created({ id: "pay_1" }, { etag: '"3"' })) {
  return vi.fn(async () => given);
}

const once = (act: () => Promise<Answer>, change: Partial<OnceKey> = {}) =>
  idempotency.once({ ...key, ...change }, remainingMs, act);

/** An act that has begun, and ends when the test says so. */
function suspended() {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const { promise: end, resolve: finish, reject: fail } = Promise.withResolvers<Answer>();
  const act = () => {
    begin();
    return end;
  };
  return { act, begun, finish, fail };
}

/** Idempotency over a table that fails `command`, as the network would. */
function failingAt(command: "PutItem" | "UpdateItem" | "DeleteItem"): Idempotency {
  const client = new DynamoDBClient({ ...clientOptions, endpoint: tables.endpoint });
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName === `${command}Command`) throw new Error("socket hang up");
      return next(args);
    },
    { step: "initialize" },
  );
  return new Idempotency(client, "idempotency");
}

async function recordsOf(book: string): Promise<Record<string, unknown>[]> {
  const pages = await Promise.all(
    Array.from({ length: 16 }, (_, shard) =>
      tables.client.send(
        new QueryCommand({
          TableName: "idempotency",
          KeyConditionExpression: "pk = :pk",
          ExpressionAttributeValues: { ":pk": { S: `${book}#${String(shard).padStart(2, "0")}` } },
        }),
      ),
    ),
  );
  return pages.flatMap(({ Items = [] }) => Items.map((item) => unmarshall(item)));
}

describe("a request that is sent again", () => {
  test("gets the first answer, byte by byte, and is told that it is a replay", async () => {
    const act = acting(
      answer(
        202,
        { amount: 10 ** 15, note: "☕", none: null, empty: {} },
        { location: "/v1/payments/pay_1" },
      ),
    );
    const first = await once(act);
    const second = await once(act);
    expect(first).toEqual({
      statusCode: 202,
      headers: { location: "/v1/payments/pay_1" },
      json: '{"amount":1000000000000000,"note":"☕","none":null,"empty":{}}',
    });
    expect(second).toEqual({
      ...first,
      headers: { location: "/v1/payments/pay_1", "idempotent-replayed": "true" },
    });
    expect(act).toHaveBeenCalledTimes(1);
  });

  test("gets an answer without headers too", async () => {
    const act = acting(created({ id: "re_1" }));
    await once(act);
    expect(await once(act)).toEqual({
      statusCode: 201,
      headers: { "idempotent-replayed": "true" },
      json: '{"id":"re_1"}',
    });
  });

  test("by another process gets it as well", async () => {
    await once(acting());
    const elsewhere = new Idempotency(tables.client, "idempotency");
    const act = acting();
    expect((await elsewhere.once(key, remainingMs, act)).headers).toMatchObject({
      "idempotent-replayed": "true",
    });
    expect(act).not.toHaveBeenCalled();
  });
});

describe("a key that is used for another request", () => {
  test("is refused with 422, and the first answer is still there", async () => {
    await once(acting());
    const act = acting();
    expect(await problemFrom(once(act, { fingerprint: "f2" }))).toMatchObject({
      code: "idempotency_key_reused",
      statusCode: 422,
    });
    expect(act).not.toHaveBeenCalled();
    expect((await once(act)).headers).toMatchObject({ "idempotent-replayed": "true" });
    expect(act).not.toHaveBeenCalled();
  });

  test("while the first one is under way is refused too, and does not release its key", async () => {
    const { act, begun, finish } = suspended();
    const first = once(act);
    await begun;
    expect((await problemFrom(once(acting(), { fingerprint: "f2" }))).code).toBe("idempotency_key_reused");
    expect((await problemFrom(once(acting()))).code).toBe("idempotency_in_flight");
    finish(created({ id: "pay_1" }));
    expect(await first).toMatchObject({ statusCode: 201 });
    expect((await once(acting())).headers).toEqual({ "idempotent-replayed": "true" });
  });
});

describe("the same request at the same time", () => {
  test("runs once: 31 of 32 are told to come back, and then replay", async () => {
    const { act, finish } = suspended();
    const counted = vi.fn(act);
    const problems: unknown[] = [];
    const requests = Array.from({ length: 32 }, () => once(counted).catch((reason) => problems.push(reason)));
    // All but the one that holds the key are answered while it still runs.
    await expect.poll(() => problems.length, { timeout: 10_000 }).toBe(31);
    finish(created({ id: "pay_1" }));
    await Promise.all(requests);

    expect(problems).toHaveLength(31);
    for (const problem of problems) {
      expect(problem).toBeInstanceOf(Problem);
      expect(problem).toMatchObject({
        code: "idempotency_in_flight",
        statusCode: 409,
        details: { headers: { "retry-after": "1" } },
      });
    }
    expect(counted).toHaveBeenCalledTimes(1);
    expect(await once(counted)).toMatchObject({
      json: '{"id":"pay_1"}',
      headers: { "idempotent-replayed": "true" },
    });
  });

  test("does not disturb the first one's lock when it is refused", async () => {
    const { act, begun, finish } = suspended();
    const first = once(act);
    await begun;
    for (let n = 0; n < 3; n += 1)
      expect((await problemFrom(once(acting()))).code).toBe("idempotency_in_flight");
    finish(created({}));
    await first;
  });
});

describe("a request that was refused before anything was done", () => {
  test.each([
    ["a problem", invalidField("/method/token", "token_not_found", "There is no such card token.")],
    ["an outage", new StoreUnavailable("the table did not answer")],
    ["anything else", new TypeError("unforeseen")],
  ])("gives its key back, and the caller gets what was thrown: %s", async (_name, thrown) => {
    await expect(once(() => Promise.reject(thrown))).rejects.toBe(thrown);
    const act = acting();
    expect((await once(act)).headers).toEqual({ etag: '"3"' });
    expect(act).toHaveBeenCalledTimes(1);
  });

  test("gives its key back to another body too", async () => {
    await once(() => Promise.reject(invalidField("/amount", "amount_over_limit", "Too much."))).catch(
      () => {},
    );
    expect((await once(acting(), { fingerprint: "f2" })).statusCode).toBe(201);
  });

  test("is told why even when its key cannot be given back", async () => {
    const refusal = invalidField("/currency", "currency_not_enabled", "Not this currency.");
    const request = failingAt("DeleteItem").once(key, remainingMs, () => Promise.reject(refusal));
    await expect(request).rejects.toBe(refusal);
  });
});

describe("when what was done cannot be recorded", () => {
  test("because the table fails, the answer is given all the same", async () => {
    const act = acting();
    expect(await failingAt("UpdateItem").once(key, remainingMs, act)).toEqual(await act());
  });

  test("because it is larger than an item may be, the answer is given all the same", async () => {
    const large = created({ note: "n".repeat(450_000) });
    expect(await once(acting(large))).toEqual(large);
  });

  test("the key is held for the time that the function had left, and then the request runs again", async () => {
    await failingAt("UpdateItem").once(key, () => 300, acting());
    const again = acting();
    expect((await problemFrom(once(again))).code).toBe("idempotency_in_flight");
    await sleep(400);
    expect((await once(again)).headers).toEqual({ etag: '"3"' });
    expect(again).toHaveBeenCalledTimes(1);
  });
});

test("nothing is done when the key cannot be recorded", async () => {
  const act = acting();
  await expect(failingAt("PutItem").once(key, remainingMs, act)).rejects.toThrow(StoreUnavailable);
  expect(act).not.toHaveBeenCalled();
});

test("a request whose process died gives its key up when its time is over", async () => {
  const { act, begun } = suspended();
  void idempotency.once(key, () => 300, act);
  await begun;
  expect((await problemFrom(once(acting()))).code).toBe("idempotency_in_flight");
  await sleep(400);
  expect((await once(acting())).statusCode).toBe(201);
});

describe("these are different requests, though they share a key", () => {
  test.each<[string, Partial<OnceKey>]>([
    ["those of two merchants", { book: "mer_other" as Book }],
    ["those of two routes", { route: "POST /v1/payments/:id/capture" }],
  ])("%s", async (_name, change) => {
    await once(acting(created({ id: "pay_first" })));
    const act = acting(created({ id: "pay_second" }));
    expect((await once(act, change)).json).toBe('{"id":"pay_second"}');
    expect((await once(act)).json).toBe('{"id":"pay_first"}');
    expect((await once(act, change)).json).toBe('{"id":"pay_second"}');
    expect(act).toHaveBeenCalledTimes(1);
  });

  test("those whose keys differ in case", async () => {
    // More spellings than there are partitions, so that some of them meet in one.
    const spellings = Array.from({ length: 32 }, (_, bits) =>
      Array.from("order", (letter, at) => (bits & (1 << at) ? letter.toUpperCase() : letter)).join(""),
    );
    const act = acting();
    for (const spelling of spellings) await once(act, { key: spelling });
    expect(act).toHaveBeenCalledTimes(32);
  });

  test("those whose parts only read the same when they are put together", async () => {
    await once(acting(), { route: "POST /a", key: `b-${made}` });
    const act = acting();
    await once(act, { route: "POST /ab", key: `-${made}` });
    expect(act).toHaveBeenCalledTimes(1);
  });
});

describe("a record", () => {
  test("starts with the book, is kept for two days, and shows neither the key nor the fields", async () => {
    const before = Math.floor(Date.now() / 1_000);
    const book = "mer_records" as Book;
    await once(acting(), { book, key: "invoice-of-jane-doe", fingerprint: "fingerprint-of-fields" });
    const [record, ...others] = await recordsOf(book);
    expect(others).toEqual([]);
    const { expires_at: expiresAt } = record as { expires_at: number };
    expect(expiresAt - before).toBeGreaterThanOrEqual(48 * 3_600);
    expect(expiresAt - before).toBeLessThanOrEqual(48 * 3_600 + 60);
    const text = JSON.stringify(record);
    expect(text).not.toContain("jane-doe");
    expect(text).not.toContain("fingerprint-of-fields");
  });

  test("spreads with others of its merchant over many partitions", async () => {
    const book = "mer_busy" as Book;
    for (let n = 0; n < 40; n += 1) await once(acting(), { book, key: `k-${n}` });
    const partitions = new Set((await recordsOf(book)).map((record) => record["pk"]));
    expect(partitions.size).toBeGreaterThan(10);
  });
});
