import { expect, test } from "vitest";
import { functionArn, functionResource, planOf, resource } from "#tests/support/handmade-plan.ts";
import { functionsOf } from "../../lambda/function-definition.ts";
import { VirtualClock } from "../../stepfunctions/testing/virtual-clock.ts";
import { eventSourceMappingsOf } from "../mapping.ts";
import type { Checkpoint } from "./checkpoints.ts";
import { Lane } from "./lane.ts";
import type { StreamRecord } from "./source.ts";
import { TumblingWindows } from "./tumbling.ts";

const startMs = Date.parse("2026-01-01T00:00:00Z");

interface WindowEvent {
  readonly Records: readonly number[];
  readonly window: { readonly start: string; readonly end: string };
  readonly state: Readonly<Record<string, unknown>>;
  readonly isFinalInvokeForWindow: boolean;
  readonly isWindowTerminatedEarly: boolean;
}

function record(n: number, seconds: number): StreamRecord {
  const arrivedAtMs = startMs + seconds * 1_000;
  return { sequenceNumber: String(n), orderKey: "k", arrivedAtMs, text: String(n), filterView: () => n };
}

/** Ten-second windows over a lane. `answer` is what the function returns. */
function windowsOf(answer: (event: WindowEvent, call: number) => unknown, window?: Checkpoint["window"]) {
  const plan = planOf([
    functionResource("Sum", "lambda-functions.echo"),
    resource("aws:lambda/eventSourceMapping:EventSourceMapping", "Mapping", {
      functionName: functionArn("Sum"),
      eventSourceArn: "arn:aws:kinesis:eu-west-1:123456789012:stream/payments",
      startingPosition: "LATEST",
      tumblingWindowInSeconds: 10,
    }),
  ]);
  const [mapping] = eventSourceMappingsOf(plan, functionsOf(plan));
  if (mapping?.kind !== "stream") throw new Error("no stream");
  const clock = new VirtualClock();
  const lane = new Lane(mapping, clock);
  const events: WindowEvent[] = [];
  const settled: string[] = [];
  const kept: Checkpoint["window"][] = [];
  const invoke = async (payload: string) => {
    const event = JSON.parse(payload) as WindowEvent;
    const call = events.push(event);
    return { kind: "answered", payload: JSON.stringify(answer(event, call)), requestId: "r" } as const;
  };
  const ports = {
    clock,
    signal: new AbortController().signal,
    invoke: () => Promise.reject(new Error("windows invoke in their own way")),
    settle: (records: readonly StreamRecord[]) =>
      void settled.push(...records.map(({ sequenceNumber }) => sequenceNumber)),
    discard: async () => undefined,
  };
  const keep = (open: Checkpoint["window"]): void => void kept.push(structuredClone(open));
  const run = new TumblingWindows({ lane, mapping, shardId: "shard", ports, invoke, window, keep }).run();
  return { clock, lane, events, settled, kept, run };
}

const summing = ({ Records, state }: WindowEvent): unknown => ({
  state: { sum: Number(state["sum"] ?? 0) + Records.reduce((sum, n) => sum + n, 0) },
});

test("a window ends with its time, though no record comes to end it", async () => {
  const { clock, lane, events, settled } = windowsOf(summing);
  lane.push(record(1, 1));
  await clock.advance(2_000);
  lane.push(record(2, 2));
  await clock.advance(30_000);
  expect(
    events.map(({ Records, state, isFinalInvokeForWindow }) => [Records, state, isFinalInvokeForWindow]),
  ).toEqual([
    [[1], {}, false],
    [[2], { sum: 1 }, false],
    [[], { sum: 3 }, true],
  ]);
  expect(events[0]?.window).toEqual({ start: "2026-01-01T00:00:00Z", end: "2026-01-01T00:00:10Z" });
  expect(settled).toEqual(["1", "2"]);
});

test("a batch never crosses the end of a window, and each window begins with an empty state", async () => {
  const { clock, lane, events } = windowsOf(summing);
  for (const each of [record(1, 1), record(2, 9), record(3, 11)]) lane.push(each);
  await clock.advance(30_000);
  expect(events.map(({ Records, state }) => [Records, state])).toEqual([
    [[1, 2], {}],
    [[], { sum: 3 }],
    [[3], {}],
    [[], { sum: 3 }],
  ]);
});

test("an answer without a state is a failure, and is tried again", async () => {
  const { clock, lane, events } = windowsOf((event, call) => (call === 1 ? null : summing(event)));
  lane.push(record(1, 1));
  await clock.advance(5_000);
  expect(events.map(({ Records }) => Records)).toEqual([[1], [1]]);
});

test("a state over 1 MB ends its window early, and the window goes on with an empty one", async () => {
  const { clock, lane, events } = windowsOf((_event, call) => ({
    state: call === 1 ? { large: "x".repeat(1024 * 1024) } : {},
  }));
  lane.push(record(1, 1));
  await clock.advance(1_000);
  lane.push(record(2, 2));
  await clock.advance(1_000);
  expect(
    events.map(({ Records, isFinalInvokeForWindow, isWindowTerminatedEarly }) => [
      Records,
      isFinalInvokeForWindow,
      isWindowTerminatedEarly,
    ]),
  ).toEqual([
    [[1], false, false],
    [[], true, true],
    [[2], false, false],
  ]);
  expect(events[2]?.state).toEqual({});
});

test("a window that an earlier process left open goes on with its state", async () => {
  const { clock, lane, events, kept } = windowsOf(summing, { start_ms: startMs, state: { sum: 40 } });
  lane.push(record(2, 2));
  await clock.advance(1_000);
  expect(events[0]?.state).toEqual({ sum: 40 });
  expect(kept.at(-1)).toEqual({ start_ms: startMs, state: { sum: 42 } });
  await clock.advance(30_000);
  expect(events.at(-1)).toMatchObject({ state: { sum: 42 }, isFinalInvokeForWindow: true });
  expect(kept.at(-1)).toBeUndefined();
});
