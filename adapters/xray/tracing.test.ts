import { setTimeout as sleep } from "node:timers/promises";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { RecordedTraces, type SentSegment } from "#tests/support/recorded-traces.ts";
import { tracedClient } from "./aws-calls.ts";
import { traced, watched } from "./spans.ts";

let recorded: RecordedTraces;
beforeEach(() => {
  recorded = new RecordedTraces();
});
afterEach(() => recorded.stop());

const sent = () => recorded.sent();
const named = (all: readonly SentSegment[], name: string) => all.filter((each) => each.name === name);

const books = watched("books", {
  post: async (records: readonly string[]) => records.length,
  nothing: () => 1,
  fail: async (error: object) => {
    throw error;
  },
});

describe("a work", () => {
  test("is a segment of the service, with its steps in it as they were called", async () => {
    const begun = Date.now() / 1_000;
    await traced({ name: "journal file", facts: { message: "m_1" } }, async (work) => {
      work.note({ file: "a.json.gz", lines: 2, "no word": true });
      expect(await books.post(["a", "b"])).toBe(2);
      expect(books.nothing()).toBe(1);
    });
    const [root, ...steps] = await sent();
    expect(root).toEqual({
      ...{ name: "reconciler", id: root?.id, trace_id: root?.trace_id, origin: "AWS::EKS::Container" },
      ...{ start_time: expect.any(Number), end_time: expect.any(Number) },
      aws: { eks: { pod: "reconciler-1" } },
      annotations: { work: "journal file", message: "m_1", file: "a.json.gz", lines: 2 },
      metadata: { facts: { "no word": true } },
    });
    expect(root?.start_time).toBeGreaterThan(begun - 1);
    expect(root?.end_time).toBeLessThan(Date.now() / 1_000 + 1);
    const within = { trace_id: root?.trace_id, parent_id: root?.id, type: "subsegment" };
    expect(steps).toMatchObject([
      { ...within, name: "books.post", metadata: { facts: { count: 2 } } },
      { ...within, name: "books.nothing" },
    ]);
  });

  test("keeps its steps while another one goes on", async () => {
    const one = (name: string) =>
      traced({ name }, async () => {
        await books.post([name]);
        await sleep(5);
        await books.post([name]);
      });
    await Promise.all([one("a"), one("b")]);
    const all = await sent();
    const roots = named(all, "reconciler");
    expect(roots).toHaveLength(2);
    for (const { id, trace_id } of roots)
      expect(all.filter((each) => each.parent_id === id).map((each) => each.trace_id)).toEqual([
        trace_id,
        trace_id,
      ]);
  });

  test("that had nothing to do is no trace, unless it broke off", async () => {
    await traced({ name: "settling" }, async (work) => {
      await books.post([]);
      work.forget();
    });
    const failed = traced({ name: "settling" }, async (work) => {
      work.forget();
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    expect(await sent()).toMatchObject([{ fault: true }]);
  });

  test("what is done outside of works is in no trace", async () => {
    await books.post(["a"]);
    expect(await sent()).toEqual([]);
  });

  test.each([
    [`Root=1-${"5".repeat(8)}-${"a".repeat(24)};Parent=${"b".repeat(16)};Sampled=1`, true],
    [`Sampled=?; Parent=${"b".repeat(16)};Root=1-${"5".repeat(8)}-${"a".repeat(24)}`, true],
    [`Root=1-${"5".repeat(8)}-${"a".repeat(24)}`, false],
    [`Root=1-${"5".repeat(8)}-${"A".repeat(24)};Parent=${"b".repeat(16)}`, false],
    ["who=knows", false],
    ["", false],
  ])("links what asked for it: %s", async (cause, isLink) => {
    await traced({ name: "proof", cause }, async () => undefined);
    const [root] = await sent();
    const link = { trace_id: `1-${"5".repeat(8)}-${"a".repeat(24)}`, id: "b".repeat(16) };
    expect(root).toEqual(expect.objectContaining(isLink ? { links: [link] } : { name: "reconciler" }));
    expect(root).not.toEqual(expect.objectContaining({ trace_id: link.trace_id }));
    expect("links" in (root ?? {})).toBe(isLink);
  });

  test("that was done, and found something wrong, is an error all the same", async () => {
    await traced({ name: "inbound file" }, async (work) => work.blame("error"));
    const [root] = await sent();
    expect(root).toMatchObject({ error: true });
    expect(root).not.toHaveProperty("fault");
  });
});

describe("what is thrown", () => {
  const aws = (name: string, $fault: string) =>
    Object.assign(new Error("4242424242424242"), { name, $fault });
  test.each([
    [
      Object.assign(new Error("the line 4242424242424242"), { name: "error", code: "23505" }),
      "error 23505",
      "fault",
    ],
    [new TypeError("x"), "TypeError", "fault"],
    [aws("NoSuchKey", "client"), "NoSuchKey", "error"],
    [aws("InternalError", "server"), "InternalError", "fault"],
    [aws("ThrottlingException", "client"), "ThrottlingException", "throttle"],
    [
      aws("ProvisionedThroughputExceededException", "client"),
      "ProvisionedThroughputExceededException",
      "throttle",
    ],
    [{ name: "a card 4242424242424242" }, "unknown", "fault"],
  ])("%s is told by its name alone, and whose fault it is", async (error, type, blame) => {
    const work = traced({ name: "proof" }, () => books.fail(error));
    await expect(work.catch((thrown) => thrown)).resolves.toBe(error);
    const all = await sent();
    const cause = { exceptions: [{ id: expect.stringMatching(/^[0-9a-f]{16}$/), type }] };
    // The work did not get done, whoever is to blame for its step.
    expect(named(all, "reconciler")).toMatchObject([{ fault: true, cause }]);
    const [step] = named(all, "books.fail");
    expect(step?.cause).toEqual(cause);
    expect({ error: step?.error, fault: step?.fault, throttle: step?.throttle }).toEqual({
      error: blame === "fault" ? undefined : true,
      fault: blame === "fault" ? true : undefined,
      throttle: blame === "throttle" ? true : undefined,
    });
    expect(JSON.stringify(all)).not.toContain("4242");
  });
});

describe("a trace has a limit", () => {
  test("for steps of one name, and counts the rest", async () => {
    await traced({ name: "journal file" }, async () => {
      for (let n = 0; n < 1_000; n += 1) await books.post(["a"]);
      books.nothing();
    });
    const all = await sent();
    expect(named(all, "books.post")).toHaveLength(20);
    expect(named(all, "books.nothing")).toHaveLength(1);
    expect(named(all, "reconciler")).toMatchObject([{ metadata: { facts: { "left_out.books.post": 980 } } }]);
  });

  test("in all", async () => {
    await traced({ name: "journal file" }, async () => {
      for (let n = 0; n < 300; n += 1) watched(`port${n}`, { call: () => 1 }).call();
    });
    // With the work itself.
    expect(await sent()).toHaveLength(250);
  });

  test("and none of its steps hangs in the air", async () => {
    const ledger = watched("ledger", { post: (n: number) => watched(`each${n}`, { call: () => n }).call() });
    await traced({ name: "settling" }, async () => {
      for (let n = 0; n < 25; n += 1) ledger.post(n);
    });
    const all = await sent();
    const ids = new Set(all.map(({ id }) => id));
    for (const { parent_id } of all) if (parent_id !== undefined) expect(ids).toContain(parent_id);
    expect(all.filter(({ name }) => name.startsWith("each"))).toHaveLength(20);
    expect(named(all, "reconciler")).toMatchObject([
      { metadata: { facts: { "left_out.ledger.post": 5, "left_out.each24.call": 1 } } },
    ]);
  });
});

describe("what is told has a limit", () => {
  test("of a thousand characters, which X-Ray searches", async () => {
    await traced({ name: "proof", facts: { file: "k".repeat(2_000) } }, async () => undefined);
    expect(await sent()).toMatchObject([{ annotations: { file: "k".repeat(1_000) } }]);
  });

  test("of 64 KB in all: what is larger is not sent, and that is told", async () => {
    const facts = Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`fact${n}`, "€".repeat(1_000)]));
    await traced({ name: "proof", facts }, async () => void books.nothing());
    expect((await sent()).map(({ name }) => name)).toEqual(["books.nothing"]);
    expect(recorded.told).toEqual(["1 segments are larger than X-Ray takes"]);
  });
});

describe("a call of AWS", () => {
  const headers: Record<string, string>[] = [];
  const s3 = tracedClient(
    new S3Client({
      ...{ region: "eu-west-1", credentials: { accessKeyId: "a", secretAccessKey: "b" }, maxAttempts: 1 },
      requestHandler: {
        handle: async (request: { headers: Record<string, string> }) => {
          headers.push(request.headers);
          const body = "<Error><Code>NoSuchKey</Code></Error>";
          return {
            response: { statusCode: 404, headers: { "x-amz-request-id": "r_1" }, body: Buffer.from(body) },
          };
        },
      } as never,
    }),
  );
  const read = () => s3.send(new GetObjectCommand({ Bucket: "files", Key: "a.csv" })).catch(() => undefined);
  const headerOf = (from: number) =>
    Object.entries(headers[from] ?? {}).find(([name]) => /trace-id/i.test(name));

  test("is a subsegment by the service's name, and carries its trace", async () => {
    headers.length = 0;
    await traced({ name: "inbound file" }, async () => void (await read()));
    const all = await sent();
    const [call] = named(all, "S3");
    expect(call).toMatchObject({
      ...{ namespace: "aws", error: true, http: { response: { status: 404 } } },
      aws: { operation: "GetObject", request_id: "r_1", retries: 0 },
      metadata: { facts: { Bucket: "files", Key: "a.csv" } },
    });
    expect(headerOf(0)).toEqual(["X-Amzn-Trace-Id", `Root=${call?.trace_id};Parent=${call?.id};Sampled=1`]);
  });

  test("outside of works has no trace to carry", async () => {
    headers.length = 0;
    await read();
    expect(headers).toHaveLength(1);
    expect(headerOf(0)).toBeUndefined();
  });
});

describe("X-Ray", () => {
  const works = async (count: number) => {
    for (let n = 0; n < count; n += 1) await traced({ name: "proof" }, async () => undefined);
  };

  test("gets fifty at once at most, and the last ones before the process ends", async () => {
    await works(120);
    expect(await sent()).toHaveLength(120);
    expect(recorded.batches.map(({ length }) => length)).toEqual([50, 50, 20]);
  });

  test("is waited for when the process ends", async () => {
    let isTaken = false;
    recorded.answer = async () => {
      await sleep(50);
      isTaken = true;
      return {};
    };
    // As many as are sent at once: none of them waits any more.
    await works(50);
    await recorded.stop();
    expect(isTaken).toBe(true);
  });

  test("that refuses is told of once, and again after it took some", async () => {
    recorded.answer = () => Promise.reject(new Error("no"));
    await works(100);
    await sleep(10);
    recorded.answer = async () => ({ UnprocessedTraceSegments: [] });
    await works(50);
    await sleep(10);
    recorded.answer = async () => ({
      UnprocessedTraceSegments: [{ Id: "1", ErrorCode: "InvalidTraceId", Message: "Invalid segment." }],
    });
    await works(50);
    await sent();
    expect(recorded.told).toEqual(["no", "X-Ray refused 1 segments: InvalidTraceId Invalid segment."]);
  });

  test("that never answers holds up nobody: what is too much is dropped, and the end comes within seconds", async () => {
    recorded.answer = () => new Promise(() => undefined);
    const began = performance.now();
    await works(5_000);
    expect(performance.now() - began).toBeLessThan(2_500);
    await recorded.stop();
    expect(performance.now() - began).toBeLessThan(6_000);
    // What was under way, and what waited.
    expect(recorded.batches.flat().length).toBeLessThanOrEqual(2_050);
  });
});
