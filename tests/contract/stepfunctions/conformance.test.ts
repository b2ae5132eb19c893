import { readFileSync } from "node:fs";
import { afterAll, describe, expect, test } from "vitest";
import { compileMachine } from "#local/stepfunctions/compile/compile.ts";
import type { HistoryEvent } from "#local/stepfunctions/history.ts";
import { type ExecutionOutcome, startExecution } from "#local/stepfunctions/interpreter.ts";
import type { LambdaOutcome, TaskInvoker } from "#local/stepfunctions/invoker.ts";
import type { JournalRecord } from "#local/stepfunctions/journal.ts";
import type { Json, JsonObject } from "#local/stepfunctions/json.ts";
import { Replay as JournalReplay } from "#local/stepfunctions/replay.ts";
import { VirtualClock } from "#local/stepfunctions/testing/virtual-clock.ts";
import { difference } from "./compare.ts";

/** Cases that the engine does not match, and why. A case that starts to match must leave this table. */
const knownDifferences: ReadonlyMap<string, string> = new Map([]);

interface RecordedCase {
  readonly id: string;
  readonly features: readonly string[];
  readonly definition: JsonObject;
  readonly input: Json;
  readonly mocks?: Readonly<Record<string, readonly Mock[]>>;
  readonly expected: {
    readonly status: string;
    readonly output?: Json;
    readonly error?: string;
    readonly cause?: Json;
    readonly events: readonly JsonObject[];
  };
}

interface Mock {
  readonly input: Json;
  readonly payload?: Json;
  readonly cause?: string;
}

const cases: readonly RecordedCase[] = JSON.parse(
  readFileSync(new URL("./cases.json", import.meta.url), "utf8"),
);

/**
 * Answers as AWS's functions did, and checks that they are called with what those got.
 * @param called how often each state's function has answered already
 */
function mockedInvoker({ mocks = {} }: RecordedCase, called: Map<string, number> = new Map()): TaskInvoker {
  return {
    async invoke({ stateName, payload }): Promise<LambdaOutcome> {
      const number = called.get(stateName) ?? 0;
      called.set(stateName, number + 1);
      const mock = mocks[stateName]?.[number];
      if (mock === undefined) throw new Error(`unexpected call ${number} of ${stateName}`);
      expect(difference(JSON.parse(payload), mock.input, "payload")).toBeUndefined();
      const answer = { executedVersion: "$LATEST", requestId: "6fa3f5f8-21a2-4b25-9b4e-6b0d6f3e7f2a" };
      return mock.cause === undefined
        ? { kind: "returned", payload: JSON.stringify(mock.payload ?? null), ...answer }
        : { kind: "function_error", payload: mock.cause, ...answer };
    },
  };
}

interface Replay {
  readonly outcome: ExecutionOutcome;
  readonly events: readonly HistoryEvent[];
  /** Steps that are kept together are one. */
  readonly journal: readonly (readonly JournalRecord[])[];
}

/** @param before what was kept of the execution when its process died */
async function replay(recorded: RecordedCase, before: Replay["journal"] = []): Promise<Replay> {
  const journal = before.map((records) => [...records]);
  let open: JournalRecord[] | undefined;
  const keep = (record: JournalRecord): void => {
    if (open === undefined) journal.push([kept(record)]);
    else open.push(kept(record));
  };
  const past = new JournalReplay();
  for (const record of before.flat()) past.apply(record);
  const clock = new VirtualClock();
  const execution = startExecution(
    {
      machine: compileMachine(recorded.definition, "STANDARD"),
      identity: {
        executionArn: "arn:aws:states:us-east-1:111111111111:execution:machine:name",
        executionName: "name",
        stateMachineArn: "arn:aws:states:us-east-1:111111111111:stateMachine:machine",
        stateMachineName: "machine",
        roleArn: "arn:aws:iam::111111111111:role/machine",
      },
      input: recorded.input,
      history: {
        record: (event, scope, mark) => keep({ event, scope, mark }),
        note: (mark, scope) => keep({ event: undefined, scope, mark }),
        together: (work) => {
          open = [];
          journal.push(open);
          work();
          open = undefined;
        },
      },
      resumption:
        past.lastEventId === 0
          ? undefined
          : {
              root: past.root,
              lastEventId: past.lastEventId,
              startedAt: clock.now(),
              redrive: { count: 0, at: undefined },
            },
    },
    { clock, invoker: mockedInvoker(recorded, answersIn(before.flat())), random: () => 0.5 },
  );
  const outcome = await clock.settle(execution.outcome);
  return { outcome, events: journal.flat().flatMap(({ event }) => event ?? []), journal };
}

/** As a store gives it back. */
function kept(record: JournalRecord): JournalRecord {
  return { event: undefined, mark: undefined, ...JSON.parse(JSON.stringify(record)) };
}

/** How often the function of each state had answered. */
function answersIn(journal: readonly JournalRecord[]): Map<string, number> {
  const states = new Map<string, string>();
  const answers = new Map<string, number>();
  for (const { event, scope } of journal) {
    if (event === undefined) continue;
    if (event.type === "TaskStateEntered") states.set(scope, event.details.name);
    if (!/^(?:Task|LambdaFunction)(?:Failed|Succeeded)$/.test(event.type)) continue;
    const state = states.get(scope) ?? "";
    answers.set(state, (answers.get(state) ?? 0) + 1);
  }
  return answers;
}

/** AWS gives a cause as text; the data holds some of them parsed. */
function flatten(details: JsonObject, expected: JsonObject): JsonObject {
  const present = Object.entries(details).filter(([key, value]) => value !== undefined && key !== "roleArn");
  return Object.fromEntries(
    present.map(([key, value]) =>
      key === "cause" && typeof expected["cause"] === "object"
        ? [key, JSON.parse(String(value)) as Json]
        : [key, value],
    ),
  );
}

function compare(
  { outcome, events }: Omit<Replay, "journal">,
  { expected }: RecordedCase,
): string | undefined {
  const { events: expectedEvents, ...expectedOutcome } = expected;
  const wrongOutcome = difference(
    flatten(outcome as unknown as JsonObject, expectedOutcome as JsonObject),
    expectedOutcome as unknown as Json,
    "outcome",
  );
  if (wrongOutcome !== undefined) return wrongOutcome;
  const flat = events.map(({ type, id, previousEventId, details }, index) => ({
    type,
    id,
    previousEventId,
    ...flatten(details as JsonObject, expectedEvents[index] ?? {}),
  }));
  return difference(flat, expectedEvents, "events");
}

describe("an execution that a restart cut off after any of its steps ends as AWS's did", () => {
  test.each(cases.map((recorded) => [recorded.id, recorded] as const))("%s", async (_id, recorded) => {
    const { journal } = await replay(recorded);
    // Its last step is its end.
    for (let steps = 1; steps < journal.length; steps += 1) {
      const resumed = await replay(recorded, journal.slice(0, steps));
      expect(compare(resumed, recorded), `after ${steps} steps`).toBeUndefined();
    }
  });
});

describe("the engine replays what AWS recorded", () => {
  const byFeature = new Map<string, { matched: number; total: number }>();

  test.each(cases.map((recorded) => [recorded.id, recorded] as const))("%s", async (id, recorded) => {
    const found = compare(await replay(recorded), recorded);
    for (const feature of recorded.features) {
      const tally = byFeature.get(feature) ?? { matched: 0, total: 0 };
      tally.total += 1;
      if (found === undefined) tally.matched += 1;
      byFeature.set(feature, tally);
    }
    if (knownDifferences.has(id)) expect(found, "it matches now: take it out of the table").toBeDefined();
    else expect(found).toBeUndefined();
  });

  test("and every known difference names a case", () => {
    const ids = new Set(cases.map(({ id }) => id));
    expect([...knownDifferences.keys()].filter((id) => !ids.has(id))).toEqual([]);
    expect(cases).toHaveLength(77);
  });

  afterAll(() => {
    const lines = [...byFeature].sort(([a], [b]) => a.localeCompare(b));
    const report = lines.map(([feature, { matched, total }]) => `${feature} ${matched}/${total}`);
    console.info(`Step Functions conformance, ${cases.length} cases: ${report.join(", ")}`);
  });
});
