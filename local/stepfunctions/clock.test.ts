import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { systemClock } from "./clock.ts";

const dayMs = 86_400_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("a timer longer than Node's longest fires when it is due, once", () => {
  const fire = vi.fn();
  systemClock.schedule(100 * dayMs, fire);
  vi.advanceTimersByTime(100 * dayMs - 1);
  expect(fire).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(fire).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

test("a cancelled timer never fires, whichever part of it is running", () => {
  const fire = vi.fn();
  const cancel = systemClock.schedule(100 * dayMs, fire);
  vi.advanceTimersByTime(60 * dayMs);
  cancel();
  vi.advanceTimersByTime(100 * dayMs);
  expect(fire).not.toHaveBeenCalled();
});
