import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { noon } from "#tests/support/examples.ts";
import { type Page, passTask } from "./pass.ts";

/** A function that Lambda lets run for 15 minutes. */
const context = { functionName: "take-accounts", getRemainingTimeInMillis: () => 900_000 } as Context;
const event = {
  ...{ segment: 0, segments: 1, cursor: null, since: 0, began: noon },
  execution: "arn:aws:states:eu-central-1:1:execution:failover:1",
};
const keep = { keep: async () => undefined };

beforeEach(() => {
  vi.useFakeTimers({ now: noon });
  vi.spyOn(Logger.prototype, "info").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** So many that a call does not come to their end. */
const pagesMax = 1_000;

/** Pages that take so long each. */
const pagesOf =
  (seconds: number): Page =>
  async (_where, cursor) => {
    vi.advanceTimersByTime(seconds * 1_000);
    const next = Number(cursor ?? 0) + 1;
    return { read: 1, changed: 0, ...(next < pagesMax ? { next: String(next) } : {}) };
  };

test.each([
  ["pages of 10 s are begun until 105 s are over", 10, 11],
  ["one of ten minutes is gone through, and no other begun", 600, 1],
  ["one of a second is followed by the next", 1, 105],
])("%s: then the call says where it stopped", async (_what, seconds, pages) => {
  const came = await passTask(pagesOf(seconds), keep)(event, context);
  expect(came).toMatchObject({ cursor: String(pages), read: pages });
});
