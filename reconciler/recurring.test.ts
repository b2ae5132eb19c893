import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { Recurring } from "./recurring.ts";

let recurring: Recurring | undefined;
afterEach(() => recurring?.stop());

const farMs = 3_600_000;

/** A work that says when it begins, and ends when it is told to. */
function gated() {
  let begun = 0;
  const ends: (() => void)[] = [];
  const work = (): Promise<void> => {
    begun += 1;
    return new Promise((resolve) => ends.push(resolve));
  };
  return { work, begun: () => begun, end: () => ends.shift()?.() };
}
const turn = (): Promise<void> => sleep(5);

test("it begins at once, again when it is asked to, and never while it is at it", async () => {
  const gate = gated();
  recurring = new Recurring({ work: gate.work, everyMs: farMs, tell: () => undefined });
  recurring.start();
  await turn();
  expect(gate.begun()).toBe(1);
  recurring.ask();
  recurring.ask();
  await turn();
  expect(gate.begun()).toBe(1);
  gate.end();
  await turn();
  expect(gate.begun()).toBe(2);
  gate.end();
  await turn();
  expect(gate.begun()).toBe(2);
  recurring.ask();
  await turn();
  expect(gate.begun()).toBe(3);
  gate.end();
});

test("it comes again by itself, also after it failed", async () => {
  const told: string[] = [];
  let rounds = 0;
  recurring = new Recurring({
    work: () => {
      rounds += 1;
      return Promise.reject(new Error(`round ${rounds}`));
    },
    everyMs: 1,
    tell: ({ message }) => told.push(message),
  });
  recurring.start();
  while (rounds < 3) await turn();
  expect(told.slice(0, 3)).toEqual(["round 1", "round 2", "round 3"]);
});

test("asked to end, it tells its round so, ends it, and begins no other", async () => {
  let [rounds, mayGoOn] = [0, true];
  const gate = gated();
  recurring = new Recurring({
    work: async (ask) => {
      rounds += 1;
      await gate.work();
      mayGoOn = ask();
    },
    everyMs: 1,
    tell: () => undefined,
  });
  recurring.start();
  await turn();
  let isOver = false;
  const stopped = recurring.stop().then(() => {
    isOver = true;
  });
  await turn();
  expect(isOver).toBe(false);
  gate.end();
  await stopped;
  expect([rounds, mayGoOn]).toEqual([1, false]);
});
