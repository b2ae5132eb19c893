import type { Context } from "aws-lambda";
import type { Epoch } from "#adapters/dynamodb/fence.ts";
import { exitedPayload, thrownPayload, timedOutPayload } from "#local/lambda/function-error.ts";
import type { LambdaInvocation, LambdaOutcome, TaskInvoker } from "#local/stepfunctions/invoker.ts";
import type { DisputeOutput } from "#workflows/dispute/contract.ts";
import type { FunctionName, Handler } from "./functions.ts";
import { functionNames, timeoutSeconds } from "./functions.ts";
import { retriesOf } from "./machine.ts";
import { Process } from "./process.ts";
import type { SagaRun } from "./sagas.ts";
import type { World } from "./world.ts";

interface Environment {
  readonly name: string;
  readonly skewMs: number;
  readonly epoch: Epoch;
  readonly handler: Handler;
}

const skewMsMax = 5 * 60_000;
const requestId = "00000000-0000-4000-8000-000000000000";
const common = { executedVersion: "$LATEST", requestId };
/** A process that has just started is still at work then, or its zombie is. */
const handOverMsMax = 3_000;
/** Longer than any state waits. */
const lateMsMax = 20_000;

/**
 * The tasks' functions, each in environments that are reused, that skew and that die. A zombie goes on in its
 * environment after its time is up, beside the invocations that follow.
 */
export class Lambda implements TaskInvoker {
  readonly #world: World;
  readonly #load: (name: FunctionName) => Handler;
  readonly #idle = new Map<FunctionName, Environment[]>();
  #environments = 0;

  constructor(world: World, load: (name: FunctionName) => Handler) {
    this.#world = world;
    this.#load = load;
  }

  async invoke(invocation: LambdaInvocation): Promise<LambdaOutcome> {
    const { scheduler, delays, faults, sagas, observer } = this.#world;
    const name = functionNames.find((known) => known === invocation.functionName);
    if (name === undefined) throw new Error(`there is no function ${invocation.functionName}`);
    const run = sagas.find(invocation.executionArn);
    const subject = run?.payment ?? "";
    if (run !== undefined) this.#count(run, invocation);
    const note = (what: string) => this.#world.trace.note(subject, run?.name ?? "", what);
    observer.shown(subject, invocation.payload);

    await scheduler.sleep(delays.between(0, 10));
    if (faults.strikes("invocation_throttled")) {
      note(`${name} is throttled`);
      return { kind: "refused", error: "TooManyRequestsException", cause: "Rate Exceeded." };
    }
    if (faults.strikes("invocation_failed")) {
      note(`${name} is not invoked`);
      return { kind: "refused", error: "ServiceException", cause: "Something broke." };
    }
    const environment = this.#take(name);
    if (faults.strikes("handed_over"))
      scheduler.schedule(faults.of("handed_over").between(0, handOverMsMax), () => this.#world.handOver());
    const outcome = await this.#run(name, environment, invocation, subject);
    await scheduler.sleep(delays.between(0, 10));
    if (faults.strikes("invocation_answer_lost")) {
      note(`the answer of ${environment.name} is lost`);
      return { kind: "refused", error: "SdkClientException", cause: "Connection reset." };
    }
    if (faults.strikes("invocation_answer_late")) {
      const lateMs = faults.of("invocation_answer_late").between(1, lateMsMax);
      note(`the answer of ${environment.name} is ${lateMs} ms late`);
      await scheduler.sleep(lateMs);
    }
    note(`${environment.name} answers ${summaryOf(outcome)}`);
    return outcome;
  }

  #run(
    name: FunctionName,
    environment: Environment,
    invocation: LambdaInvocation,
    subject: string,
  ): Promise<LambdaOutcome> {
    const { scheduler, observer } = this.#world;
    const event: unknown = JSON.parse(invocation.payload);
    const { book, attempt } = errandOf(event);
    const endsAt = scheduler.now() + timeoutSeconds[name] * 1_000;
    const fail = (payload: string): LambdaOutcome => ({ kind: "function_error", payload, ...common });
    return new Promise((resolve) => {
      let isOver = false;
      const end = (outcome: LambdaOutcome | undefined) => {
        isOver = true;
        if (outcome !== undefined) resolve(outcome);
      };
      const errand = { subject, book, attempt: attempt ?? invocation.retryCount };
      const process = new Process(this.#world, environment.name, environment.skewMs, errand, () => {
        if (!isOver) this.#die(end, fail);
      });
      scheduler.schedule(endsAt - scheduler.now(), () => {
        if (isOver) return;
        end(fail(timedOutPayload(requestId, timeoutSeconds[name])));
        if (process.strikes("zombie")) this.#giveBack(name, environment, process);
        else process.die("when its time is up");
      });
      const context = { getRemainingTimeInMillis: () => endsAt - scheduler.now() } as Context;
      const ended = process.run(() => environment.handler(event, context));
      ended.then(
        (output) => {
          const payload = JSON.stringify(output);
          observer.shown(subject, payload);
          if (name === "dispute") observer.looked(subject, output as DisputeOutput);
          if (isOver) return;
          this.#giveBack(name, environment, process);
          end({ kind: "returned", payload, ...common });
        },
        (error: Error) => {
          observer.taskFailed(process, error);
          if (isOver) return;
          this.#giveBack(name, environment, process);
          end(fail(thrownPayload(error)));
        },
      );
    });
  }

  /** What Step Functions learns of a process that died: at once, when its time is up, or never. */
  #die(end: (outcome: LambdaOutcome | undefined) => void, fail: (payload: string) => LambdaOutcome): void {
    switch (this.#world.faults.of("crash").pick(["exited", "unknown", "hangs", "silence"] as const)) {
      case "exited":
        end(fail(exitedPayload(requestId, 1)));
        break;
      case "unknown":
        end(fail("{}"));
        break;
      case "hangs":
        break;
      case "silence":
        end(undefined);
        break;
    }
  }

  /** A lost step is tried again as often as its state says, before a person has to look. */
  #count(run: SagaRun, { stateName, payload, retryCount }: LambdaInvocation): void {
    // It looks again and again: what counts is how often it tried the last time.
    if (run.saga === "dispute") {
      run.attempts.set(stateName, retryCount + 1);
      return;
    }
    run.attempts.set(stateName, (run.attempts.get(stateName) ?? 0) + 1);
    if (stateName !== "Review") return;
    const { step, error } = JSON.parse(payload) as { readonly step: string; readonly error: string };
    const state = step
      .split("_")
      .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
      .join("");
    const attempts = run.attempts.get(state) ?? 0;
    // What a later epoch wrote meanwhile, a process of an earlier one never writes over, however often it tries.
    if (error === "WriterFenced") return;
    if (step === "authorize" || attempts > retriesOf(run.saga, state)) return;
    const { observer } = this.#world;
    if (!observer.isRestored(run.payment))
      observer.report(
        "given_up_early",
        run.payment,
        `${state} was lost by ${error} and tried ${attempts} times`,
      );
  }

  #take(name: FunctionName): Environment {
    const { faults, epoch } = this.#world;
    // A change of its configuration ends a function's environments, when they are idle.
    const idle = this.#idle.get(name)?.pop();
    if (idle?.epoch === epoch) return idle;
    this.#environments += 1;
    return {
      name: `${name}#${this.#environments}`,
      skewMs: faults.strikes("clock_skew") ? faults.of("clock_skew").between(-skewMsMax, skewMsMax) : 0,
      epoch,
      handler: this.#load(name),
    };
  }

  #giveBack(name: FunctionName, environment: Environment, process: Process): void {
    if (process.isDead) return;
    this.#idle.set(name, [...(this.#idle.get(name) ?? []), environment]);
  }
}

/** Whom a task works for: most are given the payment, the recovery only its name. */
function errandOf(event: unknown): { readonly book: string; readonly attempt?: number } {
  const { book, take, payment, attempt } = event as {
    readonly book?: string;
    readonly take?: { readonly book: string };
    readonly payment?: { readonly book: string } | string;
    readonly attempt?: number;
  };
  const found = book ?? take?.book ?? (typeof payment === "object" ? payment.book : "");
  return { book: found, ...(attempt === undefined ? {} : { attempt }) };
}

function summaryOf(outcome: LambdaOutcome): string {
  if (outcome.kind === "refused") return outcome.error;
  const { outcome: word, errorType = "nothing" } = JSON.parse(outcome.payload) as {
    readonly outcome?: string;
    readonly errorType?: string;
  };
  return word ?? errorType;
}
