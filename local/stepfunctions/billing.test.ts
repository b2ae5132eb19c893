import { describe, expect, test } from "vitest";
import type { Billed } from "./billing.ts";
import { task } from "./testing/run.ts";
import {
  executionArnOf,
  machineArn,
  returned,
  type TestServiceOptions,
  testService,
  withDirectory,
} from "./testing/service.ts";

const refused = { kind: "refused", error: "Down", cause: "" } as const;

/** A service whose bills are kept. */
function billedService(states: object, options: TestServiceOptions = {}) {
  const bills: Billed[] = [];
  const running = testService(states, { onBilled: (billed) => void bills.push(billed), ...options });
  const transitions = (): number =>
    bills.filter(({ unit }) => unit === "transitions").reduce((total, { quantity }) => total + quantity, 0);
  return { ...running, bills, transitions };
}

describe("a Standard execution is billed", () => {
  test("for each state that it enters, those of branches and iterations too", async () => {
    const pass = (next: object) => ({ Type: "Pass", ...next });
    const scope = (name: string) => ({
      StartAt: name,
      States: { [name]: pass({ Next: `${name}2` }), [`${name}2`]: pass({ End: true }) },
    });
    const { clock, start, transitions } = billedService({
      Both: { Type: "Parallel", Branches: [scope("A"), scope("B")], Next: "Each" },
      Each: { Type: "Map", Items: [1, 2, 3], ItemProcessor: scope("C"), Next: "Done" },
      Done: { Type: "Succeed" },
    });
    await start("run");
    await clock.advance(1);
    expect(transitions()).toBe(1 + 2 * 2 + 1 + 3 * 2 + 1);
  });

  test("for each retry, when it is made", async () => {
    const states = {
      Work: task("work", {
        Retry: [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 10, MaxAttempts: 2, BackoffRate: 1 }],
        Catch: [{ ErrorEquals: ["States.ALL"], Next: "Done" }],
        Next: "Done",
      }),
      Done: { Type: "Succeed" },
    };
    const { clock, start, transitions } = billedService(states, { invoke: async () => refused });
    await start("run");
    await clock.advance(9_999);
    expect(transitions()).toBe(1);
    await clock.advance(1);
    expect(transitions()).toBe(2);
    await clock.advance(10_000);
    expect(transitions()).toBe(4);
  });

  test("for a redrive, and for the state that it runs again", async () => {
    const answers = [refused, returned({})];
    const { clock, start, call, transitions, bills } = billedService(
      { Work: task("work", { End: true }) },
      { invoke: async () => answers.shift() ?? refused },
    );
    await start("run");
    await clock.advance(1);
    expect(transitions()).toBe(1);
    await call("RedriveExecution", { executionArn: executionArnOf("run") });
    await clock.advance(1);
    expect(transitions()).toBe(3);
    expect(bills.at(-1)?.cause).toEqual({
      caller: "operator",
      action: "RedriveExecution",
      trace: "Root=1-test",
    });
  });

  test("not again for the state that a restart goes on with, and to nobody who is remembered", async () => {
    await withDirectory(async (directory) => {
      const storeFile = `${directory}/store`;
      const states = { Wait: { Type: "Wait", Seconds: 10, Next: "Done" }, Done: { Type: "Succeed" } };
      const first = billedService(states, { storeFile });
      await first.start("run");
      await first.clock.advance(1);
      expect(first.bills).toEqual([
        {
          machineArn,
          unit: "transitions",
          quantity: 1,
          cause: { caller: "operator", action: "StartExecution", trace: "Root=1-test" },
        },
      ]);
      await first.service.close();
      const second = billedService(states, { storeFile });
      second.service.resume();
      await second.clock.advance(20_000);
      expect(second.transitions()).toBe(1);
      expect(second.bills[0]?.cause.caller).toBe("(earlier run)");
      await second.service.close();
    });
  });
});

test("an asynchronous Express execution is billed 64 MB by 100 ms when it ends, and no transitions", async () => {
  const { clock, start, bills } = billedService(
    { Wait: { Type: "Wait", Seconds: 1, Next: "Done" }, Done: { Type: "Succeed" } },
    { type: "EXPRESS" },
  );
  await start("run");
  await clock.advance(999);
  expect(bills).toEqual([]);
  await clock.advance(1);
  expect(bills).toMatchObject([{ machineArn, unit: "mb_ms", quantity: 64 * 1_000 }]);
});
