import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  acquirerStart,
  authorize,
  capture as captureOf,
  refund,
  reversal,
  sandboxAcquirer,
  wordOf,
} from "#tests/support/acquirer-requests.ts";
import type { SandboxAcquirer } from "./acquirer.ts";
import { FileMemory } from "./memory.ts";

let directory: string;
let file: string;
let starts: number;
let now: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-acquirer-"));
  file = join(directory, "alpha", "operations.jsonl");
  starts = 0;
  now = acquirerStart;
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A process of the acquirer: each has its own digest key and references, and finds what the last one wrote. */
function start(rememberedMax = 100): SandboxAcquirer {
  starts += 1;
  let references = 0;
  return sandboxAcquirer({
    clock: () => now,
    newReference: () => `ref_${starts}_${++references}`,
    digestKey: Buffer.from(`key of start ${starts}`),
    rememberedMax,
    memory: new FileMemory(file),
  }).acquirer;
}

const capture = (key: string) => captureOf(key, 1_000, "ref_1_1");

test("after a restart a key answers what it answered before, and nothing is executed again", () => {
  const first = start().execute(authorize("k"));
  const acquirer = start();
  expect(acquirer.execute(authorize("k"))).toEqual({ ...first, replayed: true });
  expect(acquirer.counts()).toEqual({ operations: 1, authorizations: 1 });
});

test.each(["4000000000005001", "4000000000005027"])(
  "after a restart a key of %s meets the same fate again, and an inquiry tells",
  (number) => {
    const first = start().execute(authorize("k", number));
    const acquirer = start();
    expect(acquirer.execute(authorize("k", number))).toEqual(first);
    expect(acquirer.inquire("k")?.result).toBe("approved");
  },
);

test("what was authorized before a restart is captured after it, once", () => {
  start().execute(authorize("k", "4000000000005050"));
  expect(start().execute(capture("c"))).toEqual({ kind: "silence" });
  const acquirer = start();
  expect(acquirer.inquire("c")?.result).toBe("approved");
  expect(acquirer.execute(capture("c2"))).toMatchObject({
    operation: { declineCode: "operation_refused" },
  });
});

test("after a restart no more is refunded than before", () => {
  const acquirer = start();
  for (const request of [authorize("k"), capture("c"), refund("r1", 600, "ref_1_1")])
    acquirer.execute(request);
  expect(wordOf(start().execute(refund("r2", 401, "ref_1_1")))).toBe("operation_refused");
  expect(wordOf(start().execute(refund("r3", 400, "ref_1_1")))).toBe("approved");
});

test("after a restart a key that was closed stays closed", () => {
  start().execute(reversal("u", "k"));
  expect(wordOf(start().execute(authorize("k")))).toBe("operation_refused");
});

test("after a restart what was pending is still decided", () => {
  start().execute(authorize("k", "4000000000005084"));
  const acquirer = start();
  expect(acquirer.inquire("k")?.result).toBe("pending");
  now += 2_000;
  expect(acquirer.inquire("k")?.result).toBe("approved");
});

test("after a restart a key with another amount is refused", () => {
  start().execute(authorize("k"));
  expect(start().execute(authorize("k", "4242424242424242", 999))).toEqual({ kind: "key_reused" });
});

test("a line that a kill cut off never happened, and the next one is whole", () => {
  start().execute(authorize("k1"));
  appendFileSync(file, '[["operation","k2",{"operation":');
  const acquirer = start();
  expect(acquirer.counts().operations).toBe(1);
  acquirer.execute(authorize("k3"));
  expect(start().counts().operations).toBe(2);
});

test("a start that finds more than is remembered keeps the latest only, and forgets history", () => {
  const acquirer = start();
  for (const key of ["k1", "k2", "k3"]) acquirer.execute(authorize(key));
  acquirer.execute(capture("c"));
  expect(start(2).inquire("k2")).toBeUndefined();
  expect(start().inquire("k3")).toMatchObject({ result: "approved" });
  // Two operations, two authorizations, and the money that moved.
  expect(readFileSync(file, "utf8").match(/\n/g)).toHaveLength(5);
});

test("a file that something else wrote is refused", () => {
  start().execute(authorize("k"));
  writeFileSync(file, '[["operation","k",{"result":"approved"}]]\n');
  expect(() => start()).toThrow();
});

test("the file holds no card number, nor anything to guess one from, and is its owner's", () => {
  start().execute(authorize("k"));
  start().execute(authorize("k2", "5555555555554444"));
  const [first, second] = readFileSync(file, "utf8")
    .split("\n")
    .slice(0, 2)
    .map((line) => JSON.parse(line)[0][2].digest);
  expect(first).toMatch(/^[\w+/]{43}=$/);
  expect(first).toBe(second);
  expect(readFileSync(file, "utf8")).not.toMatch(/4242424242424242|5555555555554444/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
