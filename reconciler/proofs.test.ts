import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { type Comparison, compare } from "./compare.ts";
import { Proofs } from "./proofs.ts";
import type { ProofMade } from "./prove.ts";

const made = (number: number): ProofMade => ({
  number,
  files: 0,
  lines: 0,
  findings: [],
  compared: undefined,
});
const nothing: Comparison = {
  compared: { ledger: { left_out: "-" }, warehouse: { left_out: "-" } },
  findings: [],
};

/** What can be let go later. */
function latch(): { readonly wait: Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { wait: promise, open: resolve };
}

test("who asks while one is compared is answered by that one, and who asks later has another", async () => {
  const books = latch();
  const said: Comparison[] = [];
  const proofs = new Proofs({
    compare: async () => {
      await books.wait;
      return nothing;
    },
    prove: async (comparison) => {
      said.push(comparison);
      return [made(said.length)];
    },
  });
  const first = proofs.ask();
  expect(await proofs.ask()).toEqual([]);
  books.open();
  expect(await first).toEqual([made(1)]);
  expect(await proofs.ask()).toEqual([made(2)]);
  expect(said).toEqual([nothing, nothing]);
});

test("after one that failed another one is made", async () => {
  let fails = true;
  const proofs = new Proofs({
    compare: async () => {
      if (fails) throw new Error("it was broken off");
      return nothing;
    },
    prove: async () => [made(1)],
  });
  await expect(proofs.ask()).rejects.toThrow("it was broken off");
  fails = false;
  expect(await proofs.ask()).toEqual([made(1)]);
});

test("who waits for the books when the process ends waits no longer, and no proof is made", async () => {
  const proofs = new Proofs({
    compare: async (signal) => {
      await sleep(60_000, undefined, { signal });
      return nothing;
    },
    prove: () => expect.fail("nothing was compared"),
  });
  const asked = proofs.ask();
  proofs.breakOff();
  await expect(asked).rejects.toThrow("aborted");
});

const unreached = (): never => {
  throw Object.assign(new Error("it does not answer"), { name: "StoreUnavailable" });
};
const ledger = {
  ledger: { books: async () => unreached(), folds: async () => [] },
  books: {
    books: async () => [],
    recordsUpTo: async () => new Map(),
    sumsUpTo: async () => new Map(),
    countedUpTo: async () => () => 0,
  },
  clock: () => 0,
  sleep: async () => undefined,
};

test("what cannot be read is a finding, and holds up neither the other half nor the proof", async () => {
  expect(await compare({ ledger, warehouse: undefined }, () => false)).toEqual({
    compared: {
      ledger: { left_out: "StoreUnavailable: it does not answer" },
      warehouse: { left_out: "this stage has no warehouse" },
    },
    findings: ["ledger and books were not compared: StoreUnavailable: it does not answer"],
  });
});

test("what is broken off is said by nobody: whoever asked asks again", async () => {
  await expect(compare({ ledger, warehouse: undefined }, () => true)).rejects.toThrow("it does not answer");
});
