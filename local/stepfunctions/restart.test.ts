import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Callbacks } from "./callbacks.ts";
import { compileMachine } from "./compile/compile.ts";
import { type ExecutionOutcome, type Ports, type Resumption, startExecution } from "./interpreter.ts";
import type { JournalRecord } from "./journal.ts";
import type { Machine } from "./machine.ts";
import { Replay } from "./replay.ts";
import { task } from "./testing/run.ts";
import { returned, type TestService, testService, withDirectory } from "./testing/service.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

const steps = {
  Both: {
    Type: "Parallel",
    Branches: [
      {
        StartAt: "Pause",
        States: {
          Pause: { Type: "Wait", Seconds: 3, Assign: { paused: true }, Next: "Flaky" },
          Flaky: task("flaky", {
            Retry: [{ ErrorEquals: ["Lambda.Busy"], IntervalSeconds: 2, MaxAttempts: 2 }],
            Output: { got: "{% $states.result.Payload %}", paused: "{% $paused %}" },
            End: true,
          }),
        },
      },
      {
        StartAt: "Each",
        States: {
          Each: {
            Type: "Map",
            Items: "{% $states.input.items %}",
            MaxConcurrency: 2,
            ItemProcessor: {
              StartAt: "Work",
              States: {
                Work: task("work", { Next: "Rest" }),
                Rest: { Type: "Wait", Seconds: "{% $states.input %}", End: true },
              },
            },
            End: true,
          },
        },
      },
    ],
    Next: "Broken",
  },
  Broken: task("broken", {
    Catch: [
      { ErrorEquals: ["Lambda.Down"], Assign: { broke: true }, Output: "{% $states.input %}", Next: "End" },
    ],
    Next: "End",
  }),
  End: { Type: "Succeed", Output: { both: "{% $states.input %}", broke: "{% $broke %}" } },
};
const compile = (states: object) =>
  compileMachine({ QueryLanguage: "JSONata", StartAt: Object.keys(states)[0], States: states }, "STANDARD");
const machine = compile(steps);

async function execute(
  machine: Machine,
  before: readonly JournalRecord[],
): Promise<[ExecutionOutcome, JournalRecord[]]> {
  const journal: JournalRecord[] = [...before];
  const past = new Replay();
  for (const record of before) past.apply(record);
  const resumption: Resumption = {
    ...{ root: past.root, lastEventId: past.lastEventId, redrive: { count: 0, at: undefined } },
    startedAt: Date.parse("2026-01-01T00:00:00Z"),
  };
  const keep = (record: JournalRecord) =>
    journal.push({ event: undefined, mark: undefined, ...JSON.parse(JSON.stringify(record)) });
  const ports: Ports = {
    callbacks: new Callbacks(randomUUID),
    clock: new VirtualClock(),
    random: () => 0.5,
    invoker: {
      invoke: async ({ functionName, payload, retryCount }) => {
        if (functionName === "broken") return { kind: "refused", error: "Down", cause: "" };
        if (functionName === "flaky" && retryCount < 2) return { kind: "refused", error: "Busy", cause: "" };
        return returned(functionName === "work" ? JSON.parse(payload) * 2 : "done");
      },
    },
  };
  const running = startExecution(
    {
      machine,
      identity: {
        executionArn: "arn:aws:states:eu-central-1:111111111111:execution:machine:run",
        executionName: "run",
        stateMachineArn: "arn:aws:states:eu-central-1:111111111111:stateMachine:machine",
        stateMachineName: "machine",
        roleArn: "arn:aws:iam::111111111111:role/machine",
      },
      input: { items: [1, 2, 3] },
      history: {
        record: (event, scope, mark) => keep({ event, scope, mark }),
        note: (mark, scope) => keep({ event: undefined, mark, scope }),
      },
      resumption: past.lastEventId === 0 ? undefined : resumption,
    },
    ports,
  );
  return [await (ports.clock as VirtualClock).settle(running.outcome), journal];
}

function tally(journal: readonly JournalRecord[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { event } of journal)
    if (event !== undefined) counts[event.type] = (counts[event.type] ?? 0) + 1;
  return counts;
}

test("an execution with branches, iterations, retries and a catcher ends alike after a restart at any step", async () => {
  const [outcome, journal] = await execute(machine, []);
  expect(outcome).toEqual({
    status: "SUCCEEDED",
    output: { both: [{ got: "done", paused: true }, [2, 4, 6]], broke: true },
  });
  for (let kept = 1; kept < journal.length; kept += 1) {
    const [resumed, whole] = await execute(machine, journal.slice(0, kept));
    expect(resumed, `after ${kept} steps`).toEqual(outcome);
    expect(tally(whole), `after ${kept} steps`).toEqual(tally(journal));
    expect(
      whole.flatMap(({ event }) => event?.id ?? []),
      `after ${kept} steps`,
    ).toEqual(Array.from({ length: journal.filter(({ event }) => event).length }, (_, index) => index + 1));
  }
});

test("an answer that was accepted is not lost, though the execution had not taken it", async () => {
  const arn = "arn:aws:states:eu-central-1:111111111111:execution:machine:run";
  const states = {
    Ask: {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
      Arguments: { FunctionName: "nobody", Payload: {} },
      End: true,
    },
  };
  const part = { resourceType: "lambda", resource: "invoke.waitForTaskToken" };
  const at = { timestamp: 0, previousEventId: 0 };
  const token = new Callbacks(randomUUID).newToken(arn);
  const parameters = states.Ask.Arguments;
  const [outcome] = await execute(compile(states), [
    {
      scope: "",
      event: { ...at, type: "ExecutionStarted", id: 1, details: { input: {}, roleArn: "" } },
      mark: undefined,
    },
    {
      scope: "",
      event: { ...at, type: "TaskStateEntered", id: 2, details: { name: "Ask", input: {} } },
      mark: undefined,
    },
    {
      scope: "",
      event: { ...at, type: "TaskScheduled", id: 3, details: { ...part, region: "", parameters } },
      mark: { kind: "token", token },
    },
    { scope: "", event: { ...at, type: "TaskStarted", id: 4, details: part }, mark: undefined },
    { scope: "", event: undefined, mark: { kind: "answer", answer: { kind: "success", output: "yes" } } },
  ]);
  expect(outcome).toEqual({ status: "SUCCEEDED", output: "yes" });
});

describe("on the same store, a new service goes on where the old one was dropped", () => {
  /** Drops a service without a word to it: its clock stands still, and its functions never answer. */
  async function restarted(
    states: object,
    before: (service: TestService) => Promise<void>,
    downMs: number,
    options: Parameters<typeof testService>[1],
    after: (service: TestService) => Promise<void>,
  ): Promise<void> {
    await withDirectory(async (directory) => {
      const storeFile = `${directory}/store`;
      const old = testService(states, { storeFile, invoke: () => new Promise(() => undefined), ...options });
      await before(old);
      const clock = new VirtualClock(new Date(old.clock.now() + downMs).toISOString());
      const next = testService(states, { ...options, storeFile, clock });
      expect(next.service.resume()).toBe(1);
      await after(next);
      await next.service.close();
      await old.service.close();
    });
  }
  const wait = { Wait: { Type: "Wait", Seconds: 60, End: true } };
  const started = async ({ start, clock }: TestService) => {
    await start("run");
    await clock.advance(10_000);
  };

  test("a wait ends when it would have ended", async () => {
    await restarted(wait, started, 20_000, {}, async ({ clock, describe: read }) => {
      await clock.advance(29_999);
      expect(await read("run")).toMatchObject({ status: "RUNNING" });
      await clock.advance(1);
      expect(await read("run")).toMatchObject({ status: "SUCCEEDED" });
    });
  });

  test("a wait that ended meanwhile is over", async () => {
    await restarted(wait, started, 3_600_000, {}, async ({ clock, describe: read }) => {
      await clock.advance(0);
      expect(await read("run")).toMatchObject({ status: "SUCCEEDED" });
    });
  });

  test("the machine's own time runs on meanwhile", async () => {
    await restarted(wait, started, 20_000, { timeoutSeconds: 40 }, async ({ clock, describe: read }) => {
      await clock.advance(9_999);
      expect(await read("run")).toMatchObject({ status: "RUNNING" });
      await clock.advance(1);
      expect(await read("run")).toMatchObject({ status: "TIMED_OUT" });
    });
  });

  test("the same start again is answered as by the old one", async () => {
    await restarted(wait, started, 0, {}, async ({ start }) => {
      expect(await start("run")).toMatchObject({ startDate: Date.parse("2026-01-01T00:00:00Z") / 1_000 });
    });
  });

  test("a task in flight is called again, with the same arguments and once in the history", async () => {
    const states = {
      Work: {
        Type: "Task",
        Resource: "arn:aws:states:::lambda:invoke",
        Arguments: { FunctionName: "work", Payload: "{% $uuid() %}" },
        Output: "{% $states.result.Payload %}",
        End: true,
      },
    };
    const payloads: string[] = [];
    let answers = false;
    const invoke = async ({ payload }: { payload: string }) => {
      payloads.push(payload);
      return answers ? returned("done") : new Promise<never>(() => undefined);
    };
    const before = async (service: TestService) => {
      await started(service);
      answers = true;
    };
    await restarted(states, before, 0, { invoke }, async ({ clock, describe: read, events }) => {
      await clock.advance(1);
      expect(await read("run")).toMatchObject({ status: "SUCCEEDED", output: '"done"' });
      expect(await events("run")).toEqual([
        ...["ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSucceeded"],
        ...["TaskStateExited", "ExecutionSucceeded"],
      ]);
    });
    expect(payloads).toHaveLength(2);
    expect(payloads[0]).toBe(payloads[1]);
  });

  const asks = {
    Ask: {
      Type: "Task",
      Resource: "arn:aws:states:::lambda:invoke.waitForTaskToken",
      Arguments: { FunctionName: "ask", Payload: "{% $states.context.Task.Token %}" },
      TimeoutSeconds: 60,
      HeartbeatSeconds: 15,
      End: true,
    },
  };
  const asking = (tokens: string[]) => ({
    invoke: async ({ payload }: { payload: string }) => {
      tokens.push(JSON.parse(payload));
      return returned(null);
    },
  });

  test("a token is still good, and its call is not made again", async () => {
    const tokens: string[] = [];
    await restarted(asks, started, 20_000, asking(tokens), async ({ call, clock, describe: read }) => {
      await clock.advance(14_000);
      await call("SendTaskSuccess", { taskToken: tokens[0], output: '"yes"' });
      await clock.advance(1);
      expect(await read("run")).toMatchObject({ status: "SUCCEEDED", output: '"yes"' });
      expect(tokens).toHaveLength(1);
    });
  });

  test("a token's time runs on meanwhile", async () => {
    await restarted(asks, started, 50_000, asking([]), async ({ clock, describe: read }) => {
      await clock.advance(0);
      expect(await read("run")).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    });
  });

  test("a retry comes when it was due, and the retries before the restart count", async () => {
    const states = {
      Work: task("work", {
        Retry: [{ ErrorEquals: ["States.ALL"], IntervalSeconds: 30, BackoffRate: 1, MaxAttempts: 2 }],
        End: true,
      }),
    };
    const counts: number[] = [];
    const invoke = async ({ retryCount }: { retryCount: number }) => {
      counts.push(retryCount);
      return { kind: "refused", error: "Down", cause: "" } as const;
    };
    const before = async ({ start, clock }: TestService) => {
      await start("run");
      await clock.advance(40_000);
    };
    await restarted(states, before, 10_000, { invoke }, async ({ clock, describe: read }) => {
      await clock.advance(9_999);
      expect(counts).toEqual([0, 1]);
      await clock.advance(1);
      expect(counts).toEqual([0, 1, 2]);
      expect(await read("run")).toMatchObject({ status: "FAILED", error: "Lambda.Down" });
    });
  });

  test("an execution keeps the definition that it was started with", async () => {
    await withDirectory(async (directory) => {
      const storeFile = `${directory}/store`;
      const old = testService(
        { Wait: { Type: "Wait", Seconds: 60, Output: "old", End: true } },
        { storeFile },
      );
      await started(old);
      await old.service.close();
      const changed = { Wait: { Type: "Wait", Seconds: 5, Output: "new", End: true } };
      const { clock, start, service, describe: read } = testService(changed, { storeFile, clock: old.clock });
      service.resume();
      await start("other");
      await clock.advance(50_000);
      expect([(await read("run"))["output"], (await read("other"))["output"]]).toEqual(['"old"', '"new"']);
      await service.close();
    });
  });
});
