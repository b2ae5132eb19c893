import type { SagaEnd } from "#adapters/stepfunctions/payment-saga.ts";
import type { Payment } from "#core/payments/payment.ts";
import { fromRecord, type PaymentRecord, toRecord } from "#core/payments/record.ts";
import { type ExecutionOutcome, startExecution } from "#local/stepfunctions/interpreter.ts";
import type { Machine } from "#local/stepfunctions/machine.ts";
import { sagaOutput } from "#workflows/payment/contract.ts";
import { Process } from "./process.ts";
import type { World } from "./world.ts";

/** One execution of the saga. */
export interface SagaRun {
  readonly name: string;
  readonly payment: string;
  end: ExecutionOutcome["status"] | undefined;
  /** Invocations by state. */
  readonly attempts: Map<string, number>;
}

const account = "arn:aws:states:eu-west-1:123456789012";
const secondStartMsMax = 5_000;

/** The executions of a history, on the real engine. It stands where `PaymentSaga` stands for the API. */
export class Sagas {
  readonly #world: World;
  readonly #machine: Machine;
  readonly #runs: SagaRun[] = [];

  constructor(world: World, machine: Machine) {
    this.#world = world;
    this.#machine = machine;
  }

  get all(): readonly SagaRun[] {
    return this.#runs;
  }

  of(payment: string): readonly SagaRun[] {
    return this.#runs.filter((run) => run.payment === payment);
  }

  /** The run behind an execution's ARN. */
  find(executionArn: string): SagaRun | undefined {
    return this.#runs.find((run) => executionArn.endsWith(`:${run.name}`));
  }

  /** As `PaymentSaga.run`: the saga's end, or that it is not known after `waitMs`. Never throws. */
  run(payment: Payment, waitMs: number): Promise<SagaEnd> {
    const process = Process.current();
    const { scheduler, delays } = this.#world;
    return process.call("StartSyncExecution", async () => {
      await scheduler.sleep(delays.between(0, 10));
      const started = this.#startIn(process, payment);
      if (started === undefined) return { kind: "unknown", reason: "TimeoutError" };
      return new Promise((resolve) => {
        const giveUp = scheduler.schedule(waitMs, () => resolve({ kind: "unknown", reason: "AbortError" }));
        const isHeard = !process.strikes("saga_answer_lost");
        started.then(
          (outcome) => {
            if (!isHeard) return;
            giveUp();
            resolve(endOf(outcome));
          },
          () => undefined,
        );
      });
    });
  }

  /** As `PaymentSaga.start`: whether it started is not known after a lost call. */
  start(payment: Payment): Promise<void> {
    const process = Process.current();
    return process.call("StartExecution", async () => {
      await this.#world.scheduler.sleep(this.#world.delays.between(0, 10));
      const started = this.#startIn(process, payment);
      if (started === undefined || process.strikes("saga_answer_lost")) throw new Error("TimeoutError");
    });
  }

  #startIn(process: Process, payment: Payment): Promise<ExecutionOutcome> | undefined {
    if (process.strikes("saga_not_started")) {
      process.note("the saga is not started");
      return undefined;
    }
    const { scheduler, faults } = this.#world;
    if (process.strikes("saga_twice"))
      scheduler.schedule(faults.of("saga_twice").between(0, secondStartMsMax), () => this.#start(payment));
    return this.#start(payment);
  }

  #start(payment: Payment): Promise<ExecutionOutcome> {
    const { scheduler, trace, observer, chance, lambda } = this.#world;
    const run: SagaRun = {
      name: `run-${this.#runs.length + 1}`,
      payment: payment.id,
      end: undefined,
      attempts: new Map(),
    };
    this.#runs.push(run);
    trace.note(payment.id, run.name, "starts");
    const { outcome } = startExecution(
      {
        machine: this.#machine,
        identity: {
          executionArn: `${account}:express:payment:${payment.id}:${run.name}`,
          executionName: payment.id,
          stateMachineArn: `${account}:stateMachine:payment`,
          stateMachineName: "payment",
          roleArn: "arn:aws:iam::123456789012:role/payment-saga",
        },
        input: JSON.parse(JSON.stringify({ payment: toRecord(payment) })),
        history: undefined,
      },
      { clock: scheduler, invoker: lambda, random: () => chance.next() },
    );
    outcome.then(
      (ended) => {
        run.end = ended.status;
        trace.note(
          payment.id,
          run.name,
          ended.status === "SUCCEEDED" ? "succeeds" : `${ended.status}: ${errorOf(ended)}`,
        );
        if (ended.status !== "SUCCEEDED") return;
        observer.told(sagaOutput.parse(ended.output).payment);
      },
      (defect: unknown) => observer.report("engine", payment.id, String(defect)),
    );
    return outcome;
  }
}

const errorOf = (outcome: ExecutionOutcome): string | undefined =>
  "error" in outcome ? outcome.error : undefined;

function endOf(outcome: ExecutionOutcome): SagaEnd {
  if (outcome.status !== "SUCCEEDED")
    return { kind: "unknown", reason: `saga ${outcome.status}: ${errorOf(outcome)}` };
  const { payment } = outcome.output as unknown as { readonly payment: PaymentRecord };
  return { kind: "ended", payment: fromRecord(payment) };
}
