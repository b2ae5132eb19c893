import type { AwsAnswer, AwsCall } from "./engine.ts";

/**
 * What AWS bills by. `mb_ms` is memory times billed duration: Lambda's GB-seconds and Express workflows' GB-hours are
 * 1,024,000 and 3,686,400,000 of them. An `sms` is one of one part: longer texts are several at AWS. Bytes are those of
 * bodies at the door.
 */
export type Unit =
  | "read_units"
  | "write_units"
  | "requests"
  | "transitions"
  | "mb_ms"
  | "mails"
  | "sms"
  | "traces_recorded"
  | "traces_read"
  | "bytes_in"
  | "bytes_out";

/** So much of one unit, at one resource. */
export interface Usage {
  /** Signing name: `dynamodb`, `kms`, `sns`, `states`, `lambda`, `xray`. */
  readonly service: string;
  readonly unit: Unit;
  /** Table, `table/index`, ARN of a key, a topic or a state machine, function. Empty for bytes and traces. */
  readonly resource: string;
  readonly quantity: number;
}

/** Who used it, by which action. */
export interface UsageCause {
  /** Short name: a function's, or `operator`. */
  readonly caller: string;
  readonly action: string;
}

export type UsageLine = Usage & UsageCause;

/** How one service bills its calls. */
export interface ServiceMeter {
  readonly service: string;
  /** The call as its engine should get it, so that its answer tells what it used. */
  prepare(call: AwsCall): AwsCall;
  /** What the call used, and the answer as its caller should get it. */
  read(call: AwsCall, answer: AwsAnswer): { readonly usage: readonly Usage[]; readonly answer: AwsAnswer };
}

/** Requests whose own usage is remembered; the oldest are forgotten. About 2 KB each. */
const tracesMax = 2_000;
/** Callers × actions × resources of an estate are a few hundred. Whatever is beyond counts as one line. */
const linesMax = 10_000;
const beyond = "(others)";

/** Counts what the estate would be billed for, in all and by request. */
export class Meter {
  #totals = new Tally();
  readonly #byTrace = new Map<string, Tally>();

  /** `trace`: root of the request that caused it, when there is one. */
  add(usage: readonly Usage[], cause: UsageCause, trace?: string): void {
    const tallies = trace === undefined ? [this.#totals] : [this.#totals, this.#ofTrace(trace)];
    for (const one of usage) {
      if (one.quantity === 0) continue;
      for (const tally of tallies) tally.add({ ...one, ...cause });
    }
  }

  /** Since the start, or the last `reset`. */
  totals(): readonly UsageLine[] {
    return this.#totals.lines();
  }

  /** What one request used, by the root of its trace. */
  ofTrace(trace: string): readonly UsageLine[] {
    return this.#byTrace.get(trace)?.lines() ?? [];
  }

  reset(): void {
    this.#totals = new Tally();
    this.#byTrace.clear();
  }

  #ofTrace(trace: string): Tally {
    const known = this.#byTrace.get(trace);
    if (known !== undefined) return known;
    const oldest = this.#byTrace.keys().next();
    if (this.#byTrace.size >= tracesMax && !oldest.done) this.#byTrace.delete(oldest.value);
    const tally = new Tally();
    this.#byTrace.set(trace, tally);
    return tally;
  }
}

/** Lines added up by all that tells them apart. */
class Tally {
  readonly #lines = new Map<string, UsageLine>();

  add(line: UsageLine): void {
    const key = keyOf(line);
    const known = this.#lines.get(key);
    if (known === undefined && this.#lines.size >= linesMax)
      this.#sum(`${line.service} ${line.unit}`, anyOf(line));
    else this.#sum(key, line, known);
  }

  lines(): readonly UsageLine[] {
    return [...this.#lines.values()];
  }

  #sum(key: string, line: UsageLine, known = this.#lines.get(key)): void {
    this.#lines.set(key, { ...line, quantity: line.quantity + (known?.quantity ?? 0) });
  }
}

const keyOf = ({ caller, service, action, resource, unit }: UsageLine): string =>
  [caller, service, action, resource, unit].join("|");

const anyOf = (line: UsageLine): UsageLine => ({ ...line, caller: beyond, action: beyond, resource: beyond });
