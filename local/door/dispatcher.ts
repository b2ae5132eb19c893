import { setTimeout as sleep } from "node:timers/promises";
import { errorAnswer } from "./answers.ts";
import { traceRootOf } from "./call-log.ts";
import { type AwsAnswer, type AwsCall, bytesOfAnswer, type Engine } from "./engine.ts";
import { answerOf, type Fault, type Faults } from "./faults.ts";
import type { Meter, ServiceMeter, Usage } from "./meter.ts";
import { underTrace } from "./trace-context.ts";

interface Refused {
  readonly answer: AwsAnswer;
  readonly missing: string;
  /** `its role does not allow it` */
  readonly because: string;
  /** Only these parts of the call are refused. */
  readonly deniedParts?: ReadonlyMap<string, string>;
}

/** Says what a caller may not do. */
interface CallGuard {
  /** @returns undefined when the call may be made; `missing` names what the caller's role was not granted. */
  refuse(call: AwsCall): Refused | undefined;
  /** @returns what AWS says in the place of an answer that tells the caller more than it may know. */
  conceal(call: AwsCall, answer: AwsAnswer): Refused | undefined;
}

/** What became of a call. */
export interface Outcome {
  /** Undefined when its socket is to be closed without one. */
  readonly answer: AwsAnswer | undefined;
  /** What the caller's role lacks, when that is why the call was refused. */
  readonly denied?: string;
  /** The fault that hit it. */
  readonly fault?: Fault["kind"];
}

export interface DispatcherOptions {
  /** Without one, every known caller may do everything. */
  readonly guard?: CallGuard;
  readonly faults?: Faults;
  readonly meter?: Meter;
  readonly serviceMeters?: readonly ServiceMeter[];
  readonly warn: (line: string) => void;
}

/** A fault that delays lets the call arrive although its caller has left. */
const neverAborted = new AbortController().signal;

/** Takes an admitted call to its engine: whether it may, what goes wrong on the way, what it uses. */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly #engines = new Map<string, Engine>();
  readonly #meters: ReadonlyMap<string, ServiceMeter>;
  readonly #said = new Set<string>();

  constructor(options: DispatcherOptions) {
    this.#options = options;
    this.#meters = new Map(options.serviceMeters?.map((meter) => [meter.service, meter]));
  }

  serve(engine: Engine): void {
    this.#engines.set(engine.service, engine);
  }

  async dispatch(call: AwsCall): Promise<Outcome> {
    const { service, action, caller } = call;
    const engine = this.#engines.get(service);
    if (engine === undefined) {
      this.#sayOnce(
        service,
        `${caller.name} calls ${service} ${action}: no local engine answers that service`,
      );
      return {
        answer: errorAnswer("UnknownOperationException", `The local cloud has no engine for ${service}.`),
      };
    }
    const refused = this.#options.guard?.refuse(call);
    if (refused !== undefined) {
      const { deniedParts } = refused;
      const denial = this.#denial(call, refused);
      if (deniedParts === undefined || engine.answersByPart === undefined) return denial;
      return { ...denial, ...(await this.#carryOut(engine, { ...call, deniedParts })) };
    }
    const outcome = await this.#carryOut(engine, call);
    const concealed = outcome.answer && this.#options.guard?.conceal(call, outcome.answer);
    return concealed === undefined ? outcome : { ...outcome, ...this.#denial(call, concealed) };
  }

  #denial({ caller }: AwsCall, { answer, missing, because }: Refused): Outcome {
    this.#sayOnce(`${caller.name} ${missing}`, `${caller.name} was denied ${missing}: ${because}`);
    return { answer, denied: missing };
  }

  async #carryOut(engine: Engine, call: AwsCall): Promise<Outcome> {
    const fault = this.#options.faults?.next(call);
    if (fault === undefined) return { answer: await this.#execute(engine, call) };
    return { answer: await this.#executeWith(fault, engine, call), fault: fault.kind };
  }

  async #executeWith(fault: Fault, engine: Engine, call: AwsCall): Promise<AwsAnswer | undefined> {
    switch (fault.kind) {
      case "close":
        return undefined;
      case "lose_reply":
        await this.#execute(engine, call);
        return undefined;
      case "delay":
        // Unreferenced: a system that stops meanwhile does not wait for it.
        await sleep(fault.ms, undefined, { ref: false });
        return this.#execute(engine, { ...call, signal: neverAborted });
      case "duplicate": {
        const first = await this.#execute(engine, call);
        await this.#execute(engine, call);
        return first;
      }
      default:
        return answerOf(fault, call);
    }
  }

  async #execute(engine: Engine, call: AwsCall): Promise<AwsAnswer> {
    const { meter, warn } = this.#options;
    const billing = this.#meters.get(call.service);
    const traceHeader = call.headers["x-amzn-trace-id"];
    try {
      const prepared = billing?.prepare(call) ?? call;
      const given = await underTrace(traceHeader, () => engine.handle(prepared));
      if (meter === undefined) return given;
      const { usage, answer } = billing?.read(call, given) ?? { usage: [], answer: given };
      const { action, caller } = call;
      meter.add(
        [...usage, ...bytesOf(call, answer)],
        { caller: caller.name, action },
        traceRootOf(traceHeader),
      );
      return answer;
    } catch (thrown) {
      // A caller that left explains the throw; nobody waits for the answer.
      if (!call.signal.aborted)
        warn(`the ${call.service} engine failed on ${call.action}: ${String(thrown)}`);
      return errorAnswer("InternalServerError", "The local engine failed; its log line says why.", 500);
    }
  }

  /** A function that is denied once is denied again: bounded by what the estate's functions do. */
  #sayOnce(what: string, line: string): void {
    if (this.#said.has(what) || this.#said.size >= saidMax) return;
    this.#said.add(what);
    this.#options.warn(line);
  }
}

const saidMax = 1_000;

function bytesOf({ service, body }: AwsCall, answer: AwsAnswer): readonly Usage[] {
  return [
    { service, resource: "", unit: "bytes_in", quantity: body.length },
    { service, resource: "", unit: "bytes_out", quantity: bytesOfAnswer(answer) },
  ];
}
