import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { authorize } from "#tests/support/acquirer-requests.ts";
import { SandboxAcquirer } from "./acquirer.ts";
import { Notifier } from "./notifier.ts";

const hourMs = 3_600_000;

let acquirer: SandboxAcquirer;
let notifier: Notifier;

beforeEach(() => {
  vi.useFakeTimers();
  acquirer = new SandboxAcquirer({
    name: "alpha",
    clock: Date.now,
    newReference: () => "alpha_1",
    digestKey: randomBytes(32),
  });
  notifier = new Notifier({ acquirer, secret: "secret", url: undefined, clock: Date.now });
});
afterEach(() => {
  notifier.stop();
  vi.useRealTimers();
});

test("an acquirer that nobody asks looks for news once, and no more", () => {
  const looks = vi.spyOn(acquirer, "decideDue");
  vi.advanceTimersByTime(hourMs);
  expect(looks).toHaveBeenCalledTimes(1);
  notifier.wake();
  notifier.wake();
  vi.advanceTimersByTime(hourMs);
  expect(looks).toHaveBeenCalledTimes(2);
});

test("what is decided later is decided when it is due, although nobody asks again", () => {
  acquirer.execute(authorize("k", "4000000000005084"));
  notifier.wake();
  vi.advanceTimersByTime(1_999);
  expect([...acquirer.notices()]).toEqual([]);
  vi.advanceTimersByTime(1);
  expect([...acquirer.notices()]).toHaveLength(1);
});
