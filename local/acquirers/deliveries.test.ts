import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  acquirerStart,
  authorize,
  capture,
  refund,
  sandboxAcquirer,
} from "#tests/support/acquirer-requests.ts";
import type { SandboxAcquirer } from "./acquirer.ts";
import { Deliveries } from "./deliveries.ts";
import { FileMemory } from "./memory.ts";
import type { SettlementFile } from "./settlement-files.ts";

const dayMs = 24 * 3_600_000;
const minuteMs = 60_000;

let directory: string;
let now: number;
let running: Deliveries[];
/** What the client has, in the order in which it came. */
let left: SettlementFile[];
let refusal: Error | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-deliveries-"));
  now = acquirerStart;
  running = [];
  left = [];
  refusal = undefined;
});
afterEach(() => {
  for (const deliveries of running) deliveries.stop();
  rmSync(directory, { recursive: true });
});

/** A process of the acquirer, which finds what the last one wrote. */
function start(rememberedMax = 100): { readonly acquirer: SandboxAcquirer; readonly deliveries: Deliveries } {
  const memory = new FileMemory(join(directory, "operations.jsonl"));
  const { acquirer } = sandboxAcquirer({ clock: () => now, memory, rememberedMax });
  const deliveries = new Deliveries(acquirer, () => now);
  running.push(deliveries);
  return { acquirer, deliveries };
}
const inbox = {
  put: async (file: SettlementFile) => {
    if (refusal !== undefined) throw refusal;
    left.push(file);
  },
};
const names = () => left.map(({ name }) => name);
const firstDay = ["alpha-2030-06-15.csv", "alpha-2030-06-15-EUR.camt053.xml"];

/** One capture on the first day. */
function startWithCapture() {
  const started = start();
  for (const request of [authorize("a"), capture("c")]) started.acquirer.execute(request);
  return started;
}

test("a day is closed when it is over, and its files are delivered once", async () => {
  const { acquirer, deliveries } = startWithCapture();
  deliveries.deliverTo(inbox);
  now = acquirerStart + dayMs - 1;
  await deliveries.look();
  expect(names()).toEqual([]);

  now += 1;
  await deliveries.look();
  await deliveries.look();
  expect(names()).toEqual(firstDay);
  expect(left).toEqual(firstDay.map((name) => acquirer.settlements.file(name)));
});

test("a day on which nothing moved has no files", async () => {
  const { acquirer, deliveries } = startWithCapture();
  deliveries.deliverTo(inbox);
  now = acquirerStart + dayMs;
  await deliveries.look();
  now += dayMs;
  await deliveries.look();
  expect(names()).toEqual(firstDay);
  acquirer.execute(refund("r", 10));
  now += dayMs;
  await deliveries.look();
  expect(names().slice(2)).toEqual(["alpha-2030-06-17.csv", "alpha-2030-06-17-EUR.camt053.xml"]);
});

test("what moved while nobody was there to close a day is in the settlement of the last day before", async () => {
  startWithCapture();
  now = acquirerStart + 5 * dayMs;
  const { deliveries } = start();
  deliveries.deliverTo(inbox);
  await deliveries.look();
  expect(names()).toEqual(["alpha-2030-06-19.csv", "alpha-2030-06-19-EUR.camt053.xml"]);
});

test("a client that takes no files is asked again after a minute", async () => {
  const { deliveries } = startWithCapture();
  deliveries.deliverTo(inbox);
  refusal = new Error("AccessDenied");
  now = acquirerStart + dayMs;
  await deliveries.look();
  refusal = undefined;
  now += minuteMs - 1;
  await deliveries.look();
  expect(names()).toEqual([]);
  now += 1;
  await deliveries.look();
  expect(names()).toEqual(firstDay);
});

test("what was not delivered is delivered by the next process, and what was is not", async () => {
  startWithCapture();
  now = acquirerStart + dayMs;
  await start().deliveries.look();
  for (let n = 0; n < 2; n += 1) {
    const { deliveries } = start();
    deliveries.deliverTo(inbox);
    await deliveries.look();
    expect(names()).toEqual(firstDay);
  }
});

test("a day that was closed on demand is delivered as soon as there is somewhere", async () => {
  const { acquirer, deliveries } = startWithCapture();
  const statement = acquirer.settlements.close("2030-06-15");
  expect(statement && (await deliveries.deliver(statement))).toBe(false);
  deliveries.deliverTo(inbox);
  await deliveries.look();
  expect(names()).toEqual(firstDay);
});

test("a look beside a delivery on demand delivers nothing a second time", async () => {
  const { acquirer, deliveries } = startWithCapture();
  deliveries.deliverTo(inbox);
  const statement = acquirer.settlements.close("2030-06-15");
  const delivered = statement && deliveries.deliver(statement);
  await deliveries.look();
  expect(await delivered).toBe(true);
  await deliveries.look();
  expect(names()).toEqual(firstDay);
});

test("a day that is forgotten keeps no later one back", async () => {
  const { acquirer, deliveries } = start(2);
  for (const request of [authorize("a"), capture("c")]) acquirer.execute(request);
  acquirer.settlements.close("2030-06-15");
  now = acquirerStart + dayMs;
  for (const request of [refund("r1", 1), refund("r2", 1)]) acquirer.execute(request);
  acquirer.settlements.close("2030-06-16");
  deliveries.deliverTo(inbox);
  await deliveries.look();
  expect(names()).toEqual(["alpha-2030-06-16.csv", "alpha-2030-06-16-EUR.camt053.xml"]);
});
