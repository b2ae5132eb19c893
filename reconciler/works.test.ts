import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { proveMessage } from "#core/proof/archive-proof.ts";
import { RecordedTraces } from "#tests/support/recorded-traces.ts";
import { type Proving, prove } from "./prove.ts";
import type { Message } from "./worker.ts";
import { type WorkPorts, Works } from "./works.ts";

let recorded: RecordedTraces;
let asked: number;
let said: [string, object][];
beforeEach(() => {
  recorded = new RecordedTraces();
  [asked, said] = [0, []];
});
afterEach(() => recorded.stop());

const settling = {
  ask: () => {
    asked += 1;
  },
};
const message = (body: string): Message => ({ id: "m_1", body, cause: undefined });
const notice = (...keys: readonly string[]) =>
  message(
    JSON.stringify({
      Records: keys.map((key) => ({
        eventName: "ObjectCreated:Put",
        s3: { bucket: { name: "landing" }, object: { key } },
      })),
    }),
  );

/** Ports that find all as it should be, but for what a test is about. */
function worksOf(more: { readonly [Port in keyof WorkPorts]?: object } = {}): Works {
  const log = (text: string, facts: object) => said.push([text, facts]);
  const ports = {
    s3: { send: async () => ({ Body: Readable.from([Buffer.from("no json\n")]) }) },
    books: { post: async () => ({ posted: 0, parked: 0 }), park: async () => undefined },
    settlement: {},
    keeping: {
      books: { keepFile: async () => undefined },
      store: { putLeaves: async () => undefined },
    },
    proofs: { ask: async () => [] },
    settling: {
      now: Date.now,
      entries: {
        ...{ draft: async () => false, unposted: async () => [], claim: async () => undefined },
        postedSince: async () => [],
      },
      ledger: { post: async () => undefined },
    },
    logger: { info: log, error: log },
    ...more,
  };
  return new Works(ports as unknown as WorkPorts);
}
const theTrace = async () => (await recorded.sent())[0];

describe("a file of the journal", () => {
  test("is a trace with its file and what became of it, which the log names", async () => {
    await worksOf({ s3: { send: async () => ({ Body: Readable.from([]) }) } }).ofJournal(notice("a.json"));
    const trace = await theTrace();
    expect(trace?.annotations).toEqual({
      ...{ work: "journal file", message: "m_1", file: "a.json", lines: 0, posted: 0, parked: 0 },
    });
    expect(trace).not.toHaveProperty("error");
    expect(said).toEqual([["posted", expect.objectContaining({ file: "a.json", trace: trace?.trace_id })]]);
  });

  test("with lines that no schema knows is an error", async () => {
    await worksOf().ofJournal(notice("a.json"));
    expect(await theTrace()).toMatchObject({ error: true, annotations: { lines: 1, parked: 1 } });
  });

  test("that S3 only tries its queue with is no trace", async () => {
    await worksOf().ofJournal(message('{"Event":"s3:TestEvent"}'));
    expect(await recorded.sent()).toEqual([]);
  });

  test("whose message nobody can read is a fault", async () => {
    await expect(worksOf().ofJournal(message("?"))).rejects.toThrow();
    expect(await theTrace()).toMatchObject({ fault: true, annotations: { work: "journal file" } });
  });
});

test("a proof that finds the books wrong is a fault, though it was made", async () => {
  const proving = {
    books: {
      ...{
        unproven: async () => [],
        totals: async () => [],
        unfolded: async () => ["acc_1 lies"],
        uncounted: async () => [],
      },
      ...{ head: async () => undefined, keepProof: async () => undefined },
      made: "",
      async add(statement: string) {
        this.made = statement;
      },
      async unkept() {
        return [{ number: 1, text: this.made }];
      },
    },
    store: { putProof: async () => undefined },
    signer: { sign: async () => new Uint8Array(1), keyArn: "arn:aws:kms:eu-west-1:1:key/a" },
  };
  const proofs = { ask: () => prove(proving as unknown as Proving, Date.now) };
  await worksOf({ proofs }).ofJournal(message(proveMessage));
  expect(await theTrace()).toMatchObject({
    ...{ fault: true, annotations: { work: "proof", proof: 1, files: 0, findings: 1 } },
  });
  // What is wrong is said in the log alone.
  expect(JSON.stringify(recorded.batches)).not.toContain("lies");
  expect(said).toContainEqual(["the books are wrong", { proof: 1, finding: "acc_1 lies" }]);
});

describe("a look at what only time shows", () => {
  const looksOf = (...answers: readonly boolean[]) => {
    const left = [...answers];
    return worksOf({
      settlement: { look: async () => left.shift() ?? expect.fail("nobody asked for more") },
    });
  };

  test("goes on while there is more, and what was found is settled meanwhile: then it is a trace", async () => {
    await looksOf(true, true, false).look(() => true, settling);
    expect(asked).toBe(3);
    expect((await theTrace())?.annotations).toEqual({ work: "looking", looks: 3 });
  });

  test("that is all is no trace", async () => {
    await looksOf(false).look(() => true, settling);
    expect(asked).toBe(1);
    expect(await recorded.sent()).toEqual([]);
  });

  test("ends with its process", async () => {
    await looksOf(true).look(() => asked === 0, settling);
    expect(asked).toBe(1);
  });
});

describe("a round of settling", () => {
  test("that posts once more what a lost region was told is a trace, and one without work is none", async () => {
    const entries = {
      ...{ draft: async () => false, unposted: async () => [], claim: async () => undefined },
      postedSince: async () => [{ entry: {} }],
    };
    const works = worksOf({ settling: { now: Date.now, entries, ledger: { post: async () => undefined } } });
    await works.settle(() => true);
    await works.settle(() => true);
    const all = await recorded.sent();
    expect(all.map(({ annotations }) => annotations)).toEqual([
      { work: "settling", posted: 0, settled: 0, waiting: 0, again: 1 },
    ]);
  });

  test("looks for that again until it could", async () => {
    let tries = 0;
    const postedSince = async () => {
      tries += 1;
      if (tries === 1) throw new Error("no books");
      return [];
    };
    const entries = { postedSince, claim: async () => undefined };
    const works = worksOf({ settling: { now: Date.now, entries, ledger: {} } });
    for (let n = 0; n < 3; n += 1) await works.settle(() => false).catch(() => undefined);
    expect(tries).toBe(2);
  });
});

test("how settlement stands is said, with a trace of the same numbers", async () => {
  const standing = async () => ({ openBreaks: 2, oldest: undefined, parked: 1, flaws: 0 });
  await worksOf({ settlement: { standing } }).sayStanding();
  const numbers = { open_breaks: 2, oldest_break_business_days: 0, parked_records: 1, kept_flaws: 0 };
  expect(said).toEqual([["how settlement stands", numbers]]);
  expect((await theTrace())?.annotations).toEqual({ work: "standing", ...numbers });
});
