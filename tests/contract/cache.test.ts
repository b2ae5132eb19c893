import { connect } from "node:net";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Cache, startCache } from "#local/cache/server.ts";

/** The same tests hold for a real one. It must be a spare: all its keys are flushed. */
const given = process.env["VALKEY_URL"];

let cache: Cache | undefined;
let url: string;
let redis: Redis;

beforeAll(async () => {
  if (given === undefined) cache = await startCache(Date.now);
  url = given ?? cache?.url ?? "";
});
beforeEach(async () => {
  redis = new Redis(url, { maxRetriesPerRequest: 0 });
  await redis.flushall();
});
afterEach(() => redis.quit());
afterAll(() => cache?.stop());

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a value", () => {
  test("is read as it was set, bytes and all", async () => {
    const bytes = Buffer.from([0, 13, 10, 255]);
    expect(await redis.set("k", bytes)).toBe("OK");
    expect(await redis.getBuffer("k")).toEqual(bytes);
    expect(await redis.get("none")).toBeNull();
  });

  test("of an odd key, and a large one, too", async () => {
    const large = "x".repeat(3_000_000);
    await redis.set("ключ \r\n", large);
    expect(await redis.get("ключ \r\n")).toBe(large);
  });

  test("is set only when there is none, or only when there is one", async () => {
    expect(await redis.set("k", "1", "XX")).toBeNull();
    expect(await redis.set("k", "1", "NX")).toBe("OK");
    expect(await redis.set("k", "2", "NX")).toBeNull();
    expect(await redis.set("k", "3", "XX")).toBe("OK");
    expect([await redis.setnx("k", "4"), await redis.setnx("other", "4")]).toEqual([0, 1]);
    expect(await redis.set("k", "5", "GET")).toBe("3");
    expect(await redis.mget("k", "none")).toEqual(["5", null]);
  });

  test("is taken by one of many who want it", async () => {
    await redis.set("k", "1");
    const taken = await Promise.all(Array.from({ length: 8 }, () => redis.getdel("k")));
    expect(taken.filter((value) => value === "1")).toHaveLength(1);
  });

  test("is gone when it is deleted", async () => {
    await redis.set("a", "1");
    await redis.set("b", "1");
    expect([await redis.exists("a", "b", "c"), await redis.del("a", "c"), await redis.get("a")]).toEqual([
      2,
      1,
      null,
    ]);
  });
});

describe("an expiry", () => {
  test("ends a value, and is gone when the value is set again", async () => {
    await redis.set("k", "1", "PX", 40);
    expect(await redis.pttl("k")).toBeGreaterThan(0);
    await sleep(60);
    expect([await redis.get("k"), await redis.ttl("k")]).toEqual([null, -2]);
    await redis.set("k", "1", "EX", 100);
    expect(await redis.ttl("k")).toBe(100);
    await redis.set("k", "2", "KEEPTTL");
    expect(await redis.ttl("k")).toBe(100);
    await redis.set("k", "3");
    expect(await redis.ttl("k")).toBe(-1);
  });

  test("can be set, and taken back, later", async () => {
    expect(await redis.expire("none", 1)).toBe(0);
    await redis.set("k", "1");
    expect([await redis.expire("k", 50), await redis.ttl("k")]).toEqual([1, 50]);
    expect([await redis.persist("k"), await redis.ttl("k")]).toEqual([1, -1]);
    expect([await redis.expire("k", 0), await redis.get("k")]).toEqual([1, null]);
  });

  test("outlives an increment", async () => {
    await redis.set("n", "1", "EX", 100);
    await redis.incr("n");
    expect(await redis.ttl("n")).toBe(100);
  });
});

describe("a counter", () => {
  test("counts each of many increments", async () => {
    await Promise.all(Array.from({ length: 100 }, () => redis.incr("n")));
    expect([await redis.incrby("n", 10), await redis.decrby("n", 5), await redis.decr("n")]).toEqual([
      110, 105, 104,
    ]);
  });

  test("of something else than a whole number is refused, and so is one past 64 bits", async () => {
    await redis.set("k", "1.5");
    await expect(redis.incr("k")).rejects.toThrow("value is not an integer or out of range");
    await redis.set("k", "9223372036854775807");
    await expect(redis.incr("k")).rejects.toThrow("increment or decrement would overflow");
  });
});

describe("a request that is wrong", () => {
  test.each([
    [["SET", "k"], "wrong number of arguments for 'set' command"],
    [["SET", "k", "v", "EX"], "syntax error"],
    [["SET", "k", "v", "EX", "soon"], "value is not an integer or out of range"],
    [["SET", "k", "v", "EX", "0"], "invalid expire time in 'set' command"],
    [["SET", "k", "v", "NX", "XX"], "syntax error"],
    [["SUMMON", "k"], "unknown command 'SUMMON'"],
  ])("%j is refused, and the connection goes on", async ([command = "", ...args], message) => {
    await expect(redis.call(command, ...args)).rejects.toThrow(message);
    expect(await redis.ping()).toBe("PONG");
  });

  test("in the protocol ends the connection", async () => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.write("*1\r\n:1\r\n");
    let said = "";
    for await (const chunk of socket) said += chunk;
    expect(said).toMatch(/^-ERR Protocol error: expected '\$', got ':'/);
  });
});

test("a request may arrive in pieces, and several at once", async () => {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const requests =
    "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$2\r\nvv\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n*1\r\n$4\r\nQUIT\r\n";
  for (const piece of requests.match(/[\s\S]{1,7}/g) ?? []) {
    socket.write(piece);
    await sleep(1);
  }
  let said = "";
  for await (const chunk of socket) said += chunk;
  expect(said).toBe("+OK\r\n$2\r\nvv\r\n+OK\r\n");
});
