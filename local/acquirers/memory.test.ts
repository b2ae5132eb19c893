import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type OperationRequest, SandboxAcquirer } from "./acquirer.ts";
import { FileMemory } from "./memory.ts";

let directory: string;
let file: string;
let starts: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-acquirer-"));
  file = join(directory, "alpha", "operations.jsonl");
  starts = 0;
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A process of the acquirer: each has its own digest key and references, and finds what the last one wrote. */
function start(linesMax = 100): SandboxAcquirer {
  starts += 1;
  let references = 0;
  return new SandboxAcquirer({
    name: "alpha",
    clock: () => Date.UTC(2030, 5, 15),
    newReference: () => `ref_${starts}_${++references}`,
    digestKey: Buffer.from(`key of start ${starts}`),
    memory: new FileMemory(file, linesMax),
  });
}

const authorize = (key: string, number = "4242424242424242", amount = 1_000): OperationRequest => ({
  operation: "authorize",
  key,
  body: { merchant: "mer_demo", amount, currency: "EUR", card: { number, exp_month: 6, exp_year: 2030 } },
});
const capture = (key: string): OperationRequest => ({
  operation: "capture",
  key,
  reference: "ref_1_1",
  amount: 1_000,
});

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

test("after a restart a key with another amount is refused", () => {
  start().execute(authorize("k"));
  expect(start().execute(authorize("k", undefined, 999))).toEqual({ kind: "key_reused" });
});

test("a line that a kill cut off never happened, and the next one is whole", () => {
  start().execute(authorize("k1"));
  appendFileSync(file, '{"operation":{"key":"k2"');
  const acquirer = start();
  expect(acquirer.counts().operations).toBe(1);
  acquirer.execute(authorize("k3"));
  expect(start().counts().operations).toBe(2);
});

test("each start keeps the latest lines only", () => {
  const acquirer = start();
  for (const key of ["k1", "k2", "k3"]) acquirer.execute(authorize(key));
  expect(start(2).inquire("k1")).toBeUndefined();
  expect(start().inquire("k3")).toBeDefined();
  expect(readFileSync(file, "utf8").match(/\n/g)).toHaveLength(2);
});

test("a file that something else wrote is refused", () => {
  start().execute(authorize("k"));
  writeFileSync(file, '{"operation":"none"}\n');
  expect(() => start()).toThrow();
});

test("the file holds no card number, nor anything to guess one from, and is its owner's", () => {
  start().execute(authorize("k"));
  start().execute(authorize("k2", "5555555555554444"));
  const [first, second] = readFileSync(file, "utf8")
    .split("\n")
    .slice(0, 2)
    .map((line) => JSON.parse(line));
  expect(first.digest).toBe(second.digest);
  expect(readFileSync(file, "utf8")).not.toMatch(/4242424242424242|5555555555554444/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
