import type { Clock } from "../../stepfunctions/clock.ts";
import { batchVerdictOf } from "../batch-response.ts";
import type { BatchOutcome } from "../invoker.ts";
import { Backoff, pause } from "../pause.ts";
import type { StreamRecord } from "./source.ts";

const retryMsMin = 500;
const retryMsMax = 60_000;

export interface BatchSettings {
  readonly reportsItemFailures: boolean;
  readonly bisects: boolean;
  /** -1: no limit. */
  readonly retriesMax: number;
  /** -1: no limit. */
  readonly ageSecondsMax: number;
}

/** Records that were given up, and why. */
export interface Discarded {
  readonly records: readonly StreamRecord[];
  readonly condition: "RetryAttemptsExhausted" | "RecordAgeExceeded";
  /** Invocations that these records were part of. */
  readonly invocations: number;
  /** The last of them; undefined when the records were never handed to the function. */
  readonly last: Extract<BatchOutcome, { kind: "answered" | "failed" }> | undefined;
}

export interface BatchPorts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly invoke: (records: readonly StreamRecord[]) => Promise<BatchOutcome>;
  /** The function has done with these records, or they were given up: nothing will be invoked with them again. */
  readonly settle: (records: readonly StreamRecord[]) => void;
  readonly discard: (discarded: Discarded) => Promise<void>;
}

/** Consecutive records that are invoked together. */
interface Part {
  readonly records: readonly StreamRecord[];
  readonly retries: number;
  readonly invocations: number;
  readonly last: Discarded["last"];
}

/**
 * Brings a batch of a stream to its end as Lambda does: retries it in order, drops its reported successes, splits it
 * where that is asked for, and gives up what is too old or failed too often. Returns early when the signal aborts.
 */
export async function settleBatch(
  records: readonly StreamRecord[],
  settings: BatchSettings,
  ports: BatchPorts,
): Promise<void> {
  const parts: Part[] = [{ records, retries: 0, invocations: 0, last: undefined }];
  const backoff = new Backoff(retryMsMin, retryMsMax);
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    if (ports.signal.aborted) return;
    const fresh = await withoutExpired(part, settings, ports);
    if (fresh.records.length === 0) continue;
    const outcome = await ports.invoke(fresh.records);
    if (ports.signal.aborted && outcome.kind !== "answered") return;
    if (outcome.kind === "refused") {
      // It never reached the function, so no retry is used up.
      await pause(ports.clock, backoff.next(), ports.signal);
      parts.push(fresh);
      continue;
    }
    const tried = { ...fresh, invocations: fresh.invocations + 1, last: outcome };
    const failedFrom = firstFailure(tried.records, outcome, settings);
    ports.settle(tried.records.slice(0, failedFrom));
    if (failedFrom === tried.records.length) {
      backoff.reset();
      continue;
    }
    const rest = { ...tried, records: tried.records.slice(failedFrom) };
    const halves = split(rest, failedFrom, settings);
    if (halves !== undefined) parts.push(...halves.toReversed());
    else if (settings.retriesMax >= 0 && rest.retries >= settings.retriesMax) {
      await giveUp(rest, "RetryAttemptsExhausted", ports);
    } else {
      await pause(ports.clock, backoff.next(), ports.signal);
      parts.push({ ...rest, retries: rest.retries + 1 });
    }
  }
}

/** Index of the first record that is to be invoked again; the number of records when all are done. */
function firstFailure(
  records: readonly StreamRecord[],
  outcome: Extract<BatchOutcome, { kind: "answered" | "failed" }>,
  { reportsItemFailures }: BatchSettings,
): number {
  if (outcome.kind === "failed") return 0;
  if (!reportsItemFailures) return records.length;
  const known = new Set(records.map(({ sequenceNumber }) => sequenceNumber));
  const verdict = batchVerdictOf(outcome.payload, known);
  if (verdict.kind === "all_done") return records.length;
  if (verdict.kind === "all_failed") return 0;
  // Order is kept: what comes behind the first failure is invoked again although it was done.
  return records.findIndex(({ sequenceNumber }) => verdict.identifiers.has(sequenceNumber));
}

/** What is invoked next in place of a part that failed, when it is split. A split uses up no retry. */
function split(part: Part, failedFrom: number, { bisects }: BatchSettings): readonly Part[] | undefined {
  if (!bisects) return undefined;
  // The function said where it failed: what is left is a smaller batch already.
  if (failedFrom > 0) return [part];
  if (part.records.length === 1) return undefined;
  const middle = Math.ceil(part.records.length / 2);
  return [
    { ...part, records: part.records.slice(0, middle) },
    { ...part, records: part.records.slice(middle) },
  ];
}

async function withoutExpired(
  part: Part,
  { ageSecondsMax }: BatchSettings,
  ports: BatchPorts,
): Promise<Part> {
  if (ageSecondsMax < 0) return part;
  const oldestMs = ports.clock.now() - ageSecondsMax * 1_000;
  const firstFresh = part.records.findIndex(({ arrivedAtMs }) => arrivedAtMs >= oldestMs);
  const expired = firstFresh < 0 ? part.records.length : firstFresh;
  if (expired === 0) return part;
  await giveUp({ ...part, records: part.records.slice(0, expired) }, "RecordAgeExceeded", ports);
  return { ...part, records: part.records.slice(expired) };
}

async function giveUp(part: Part, condition: Discarded["condition"], ports: BatchPorts): Promise<void> {
  const { records, invocations, last } = part;
  await ports.discard({ records, condition, invocations, last });
  ports.settle(records);
}
