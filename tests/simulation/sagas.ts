import { type DisputeSaga, startOf as disputeStart } from "#adapters/stepfunctions/dispute-saga.ts";
import type { PaymentSaga, SagaEnd, SagaEntry } from "#adapters/stepfunctions/payment-saga.ts";
import { startOf as paymentStart } from "#adapters/stepfunctions/payment-saga.ts";
import type { RecoverySaga } from "#adapters/stepfunctions/recovery-saga.ts";
import type { RefundSaga, RefundSagaEnd } from "#adapters/stepfunctions/refund-saga.ts";
import { startOf as refundStart } from "#adapters/stepfunctions/refund-saga.ts";
import type { Payment } from "#core/payments/payment.ts";
import { fromRecord, type PaymentRecord } from "#core/payments/record.ts";
import { fromRefundRecord, type RefundRecord } from "#core/payments/refund-record.ts";
import { type ExecutionOutcome, startExecution } from "#local/stepfunctions/interpreter.ts";
import type { JsonObject } from "#local/stepfunctions/json.ts";
import type { ServiceCall, ServiceOutcome } from "#local/stepfunctions/service-invoker.ts";
import { sagaOutput } from "#workflows/payment/contract.ts";
import { refundSagaOutput } from "#workflows/refund/contract.ts";
import { type Machines, retriesOf, type SagaName, sagaNames } from "./machine.ts";
import { Process } from "./process.ts";
import type { World } from "./world.ts";

/** One execution of a saga. */
export interface SagaRun {
  readonly name: string;
  readonly saga: SagaName;
  readonly payment: string;
  /** Where the payment saga was entered; undefined at its beginning. */
  readonly step: string | undefined;
  /** Whether the recovery started it, which is told less of its end. */
  readonly isTaken: boolean;
  end: ExecutionOutcome["status"] | undefined;
  /** Invocations by state. */
  readonly attempts: Map<string, number>;
}

interface Start {
  readonly saga: SagaName;
  readonly payment: string;
  readonly input: object;
}

const account = "arn:aws:states:eu-west-1:123456789012";
const secondStartMsMax = 5_000;
const requestId = "00000000-0000-4000-8000-000000000000";

/** The executions of a history, on the real engine. It stands where the sagas' clients stand. */
export class Sagas {
  readonly #world: World;
  readonly #machines: Machines;
  readonly #runs: SagaRun[] = [];
  /** Of Standard executions, which keep their names. */
  readonly #names = new Set<string>();

  constructor(world: World, machines: Machines) {
    this.#world = world;
    this.#machines = machines;
  }

  get all(): readonly SagaRun[] {
    return this.#runs;
  }

  /** Those that move the payment: a dispute's saga never does. */
  of(payment: string): readonly SagaRun[] {
    return this.#runs.filter((run) => run.payment === payment && run.saga !== "dispute");
  }

  /** The runs that began at the beginning: two of them do not know of each other. */
  beginningsOf(payment: string): readonly SagaRun[] {
    return this.of(payment).filter(({ saga, step }) => saga === "payment" && step === undefined);
  }

  isAlone(payment: string): boolean {
    return this.beginningsOf(payment).length <= 1;
  }

  /** Whether a person has been asked to look at the payment. */
  isWithPerson(payment: string): boolean {
    return this.of(payment).some(({ saga, end }) => saga === "recovery" && end === "FAILED");
  }

  /** The run behind an execution's ARN. */
  find(executionArn: string): SagaRun | undefined {
    return this.#runs.find((run) => executionArn.endsWith(`:${run.name}`));
  }

  readonly payment: Pick<PaymentSaga, "run" | "start"> = {
    run: (payment, waitMs, entry) =>
      this.#run(startOfPayment(payment, entry), waitMs, (output): SagaEnd => {
        const { payment: record } = output as { readonly payment: PaymentRecord };
        return { kind: "ended", payment: fromRecord(record) };
      }),
    start: (payment, entry) => this.#begin(startOfPayment(payment, entry)),
  };

  readonly refund: Pick<RefundSaga, "run" | "start"> = {
    run: (of, waitMs) =>
      this.#run(
        { saga: "refund", payment: of.payment.id, ...refundStart(of) },
        waitMs,
        (output): RefundSagaEnd => {
          const { payment, refund } = output as { payment: PaymentRecord; refund: RefundRecord };
          return { kind: "ended", payment: fromRecord(payment), refund: fromRefundRecord(refund) };
        },
      ),
    start: (of) => this.#begin({ saga: "refund", payment: of.payment.id, ...refundStart(of) }),
  };

  /** Once per version, whoever asks again. */
  readonly recovery: Pick<RecoverySaga, "start"> = {
    start: ({ id, book, version }: Payment, { strays = false } = {}) =>
      this.#startNamed(`${id}-${version}${strays ? "-strays" : ""}`, {
        ...{ saga: "recovery", payment: id, input: { book, payment: id, strays } },
      }),
  };

  /** Once per dispute and errand. */
  readonly dispute: Pick<DisputeSaga, "start"> = {
    start: (dispute, errand, told) => {
      const { name, input } = disputeStart(dispute, errand, told);
      return this.#startNamed(name, { saga: "dispute", payment: Process.current().errand.subject, input });
    },
  };

  /** Standard executions keep their names: a name that is used is success. */
  #startNamed(name: string, start: Start): Promise<void> {
    const process = Process.current();
    return process.call("StartExecution", async () => {
      await this.#world.scheduler.sleep(this.#world.delays.between(0, 10));
      if (process.strikes("saga_not_started")) throw new Error("ThrottlingException");
      if (!this.#names.has(name)) void this.#start(start);
      this.#names.add(name);
      if (process.strikes("saga_answer_lost")) throw new Error("TimeoutError");
    });
  }

  /** A saga's end, or that it is not known after `waitMs`. Never throws. */
  #run<End>(
    start: Start,
    waitMs: number,
    read: (output: unknown) => End,
  ): Promise<End | { readonly kind: "unknown"; readonly reason: string }> {
    const process = Process.current();
    const { scheduler, delays } = this.#world;
    return process.call("StartSyncExecution", async () => {
      await scheduler.sleep(delays.between(0, 10));
      const started = this.#startIn(process, start);
      if (started === undefined) return { kind: "unknown", reason: "TimeoutError" };
      return new Promise((resolve) => {
        const giveUp = scheduler.schedule(waitMs, () => resolve({ kind: "unknown", reason: "AbortError" }));
        const isHeard = !process.strikes("saga_answer_lost");
        started.then(
          (outcome) => {
            if (!isHeard) return;
            giveUp();
            const reason = `saga ${outcome.status}: ${errorOf(outcome)}`;
            resolve(outcome.status === "SUCCEEDED" ? read(outcome.output) : { kind: "unknown", reason });
          },
          () => undefined,
        );
      });
    });
  }

  /** Whether it started is not known after a lost call. */
  #begin(start: Start): Promise<void> {
    const process = Process.current();
    return process.call("StartExecution", async () => {
      await this.#world.scheduler.sleep(this.#world.delays.between(0, 10));
      const started = this.#startIn(process, start);
      if (started === undefined || process.strikes("saga_answer_lost")) throw new Error("TimeoutError");
    });
  }

  #startIn(process: Process, start: Start): Promise<ExecutionOutcome> | undefined {
    if (process.strikes("saga_not_started")) {
      process.note(`the ${start.saga} saga is not started`);
      return undefined;
    }
    const { scheduler, faults } = this.#world;
    if (process.strikes("saga_twice"))
      scheduler.schedule(faults.of("saga_twice").between(0, secondStartMsMax), () => this.#start(start));
    return this.#start(start);
  }

  #start({ saga, payment, input }: Start): Promise<ExecutionOutcome> {
    const { scheduler, trace, observer, chance, lambda } = this.#world;
    const { step } = input as { readonly step?: string };
    const run: SagaRun = {
      name: `run-${this.#runs.length + 1}`,
      saga,
      payment,
      step,
      isTaken: "take" in input,
      end: undefined,
      attempts: new Map(),
    };
    this.#runs.push(run);
    trace.note(payment, run.name, `starts: ${saga}${step === undefined ? "" : ` at ${step}`}`);
    const { outcome } = startExecution(
      {
        machine: this.#machines[saga],
        identity: {
          executionArn: `${account}:execution:${saga}:${payment}:${run.name}`,
          executionName: payment,
          stateMachineArn: `${account}:stateMachine:${saga}`,
          stateMachineName: saga,
          roleArn: `arn:aws:iam::123456789012:role/${saga}-saga`,
        },
        input: JSON.parse(JSON.stringify(input)),
        history: undefined,
      },
      {
        clock: scheduler,
        invoker: lambda,
        services: { call: (call) => this.#serve(payment, call) },
        random: () => chance.next(),
      },
    );
    outcome.then(
      (ended) => {
        this.#ended(run, ended);
        if (saga === "dispute" && ended.status !== "SUCCEEDED") this.#replay(run, { saga, payment, input });
      },
      (defect: unknown) => observer.report("engine", payment, String(defect)),
    );
    return outcome;
  }

  /** A dispute's saga that failed is a dead letter, and a person replays it once what was wrong is mended. */
  #replay(run: SagaRun, start: Start): void {
    const { scheduler, faults, observer } = this.#world;
    const attempts = run.attempts.get("Look") ?? 0;
    if (attempts <= retriesOf("dispute", "Look") && !observer.isRestored(run.payment))
      observer.report("given_up_early", run.payment, `${run.name} failed after ${attempts} tries`);
    const inMs = faults.endsAt - scheduler.now();
    if (inMs >= 0) scheduler.schedule(inMs, () => void this.#start(start));
    else if (!observer.isRestored(start.payment))
      observer.report("liveness", start.payment, "a dispute's saga fails though nothing is wrong any more");
  }

  #ended(run: SagaRun, ended: ExecutionOutcome): void {
    const { trace, observer } = this.#world;
    run.end = ended.status;
    const word = ended.status === "SUCCEEDED" ? "succeeds" : `${ended.status}: ${errorOf(ended)}`;
    trace.note(run.payment, run.name, word);
    if (ended.status !== "SUCCEEDED" || run.isTaken) return;
    if (run.saga === "payment") observer.sagaEnded(run, sagaOutput.parse(ended.output).payment);
    if (run.saga === "refund") {
      const { payment, refund } = refundSagaOutput.parse(ended.output);
      observer.told(payment);
      observer.refundEnded(run, refund);
    }
  }

  /** What sagas ask of services: the recovery to run another saga, and to tell its end; the payment saga to be reminded. */
  async #serve(payment: string, { service, action, parameters }: ServiceCall): Promise<ServiceOutcome> {
    const { scheduler, delays, faults, reminders, trace } = this.#world;
    await scheduler.sleep(delays.between(0, 10));
    if (faults.strikes("saga_not_started")) return throttled;
    if (action === "SendMessage" && parameters["QueueUrl"] === "checks") {
      trace.note(payment, "checks", "are told of strays");
      reminders.look(JSON.parse(String(parameters["MessageBody"])), 0);
      return answered({ MessageId: requestId });
    }
    const saga = sagaNames.find((name) => name === parameters["stateMachineArn"]);
    if (action !== "StartSyncExecution" || saga === undefined) {
      this.#world.observer.report("engine", payment, `${service} ${action} is not known here`);
      throw new Error(action);
    }
    const ended = await this.#start({ saga, payment, input: JSON.parse(String(parameters["input"])) });
    return answered({
      status: ended.status,
      ...(ended.status === "SUCCEEDED" ? { output: JSON.stringify(ended.output) } : {}),
    });
  }
}

const throttled: ServiceOutcome = {
  kind: "refused",
  statusCode: 400,
  error: "ThrottlingException",
  message: "slow down",
  requestId,
};

function answered(output: JsonObject): ServiceOutcome {
  const contentLength = JSON.stringify(output).length;
  const contentType = "application/x-amz-json-1.0";
  return { kind: "answered", statusCode: 200, output, requestId, contentLength, contentType };
}

const startOfPayment = (payment: Payment, entry: SagaEntry | undefined): Start => ({
  saga: "payment",
  payment: payment.id,
  ...paymentStart(payment, entry),
});

const errorOf = (outcome: ExecutionOutcome): string | undefined =>
  "error" in outcome ? outcome.error : undefined;
