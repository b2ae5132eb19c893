import type { Cause } from "./billing.ts";
import type { Callbacks, TokenVerdict } from "./callbacks.ts";
import type { Clock } from "./clock.ts";
import { historyEventsMax } from "./history.ts";
import { wireEvent } from "./history-wire.ts";
import type { TaskAnswer } from "./journal.ts";
import { type Json, payloadBytesMax } from "./json.ts";
import { redrivability } from "./redrive.ts";
import type { StandardExecutions } from "./standard.ts";
import type { ExecutionStore, StatusFilter, StoredExecution } from "./store.ts";
import { ApiError, nextPage, type Parameters, wireTime } from "./wire.ts";

/** An action's answer; members that are `undefined` are left out of it. */
export type Result = Readonly<Record<string, unknown>>;
export type Action = (parameters: Parameters, cause: Cause) => Result | Promise<Result>;

export interface StandardActionsPorts {
  readonly clock: Clock;
  readonly store: ExecutionStore;
  readonly standard: StandardExecutions;
  readonly callbacks: Callbacks;
  /** Throws ApiError when one more execution is one too many. */
  readonly admit: () => void;
}

/** `PENDING_REDRIVE` is for the children of distributed maps, which no machine here has. */
const statusFilters: readonly StatusFilter[] = [
  ...(["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] as const),
  "PENDING_REDRIVE",
];
const taskTokenMax = 2_048;
const errorMax = 256;
const causeMax = 32_768;
const clientTokenMax = 64;
const listTokenMax = 3_096;
const historyTokenMax = 1_024;

/** The actions of the API on Standard executions that have started, and on their tasks. */
export class StandardActions {
  readonly #ports: StandardActionsPorts;

  constructor(ports: StandardActionsPorts) {
    this.#ports = ports;
  }

  get actions(): readonly (readonly [string, Action])[] {
    return [
      ["DescribeExecution", (parameters) => this.#describe(parameters)],
      ["DescribeStateMachineForExecution", (parameters) => this.#describeMachine(parameters)],
      ["GetExecutionHistory", (parameters) => this.#history(parameters)],
      ["RedriveExecution", (parameters, cause) => this.#redrive(parameters, cause)],
      ["SendTaskFailure", (parameters) => this.#sendTaskFailure(parameters)],
      ["SendTaskHeartbeat", (parameters) => this.#sendTaskHeartbeat(parameters)],
      ["SendTaskSuccess", (parameters) => this.#sendTaskSuccess(parameters)],
      ["StopExecution", (parameters) => this.#stop(parameters)],
    ];
  }

  /** ListExecutions of one machine, which exists. */
  list(machineArn: string, parameters: Parameters): Result {
    const limit = parameters.pageSize();
    const status = parameters.choice("statusFilter", statusFilters);
    const redriven = parameters.choice("redriveFilter", ["REDRIVEN", "NOT_REDRIVEN"] as const);
    const listing = ["ListExecutions", machineArn, status, redriven];
    const found = this.#ports.store.list({
      machineArn,
      status,
      redriven: redriven === undefined ? undefined : redriven === "REDRIVEN",
      beforeId: parameters.pageStart(listing, listTokenMax) ?? Number.MAX_SAFE_INTEGER,
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      executions: page.map(({ arn, name, status, startedAt, stoppedAt, redriveCount, redrivenAt }) => ({
        executionArn: arn,
        stateMachineArn: machineArn,
        name,
        status,
        startDate: wireTime(startedAt),
        stopDate: optionalTime(stoppedAt),
        redriveCount,
        redriveDate: optionalTime(redrivenAt),
      })),
      nextToken: found.length > limit && last !== undefined ? nextPage(listing, last.id) : undefined,
    };
  }

  #describe(parameters: Parameters): Result {
    const execution = this.#find(parameters);
    const { status, output, error, cause } = execution;
    const { clock, store } = this.#ports;
    return {
      executionArn: execution.arn,
      stateMachineArn: execution.machineArn,
      name: execution.name,
      status,
      startDate: wireTime(execution.startedAt),
      stopDate: optionalTime(execution.stoppedAt),
      input: execution.input,
      inputDetails: { included: true },
      ...(output === null ? {} : { output, outputDetails: { included: true } }),
      // AWS says why an execution timed out in its history alone.
      ...(status === "TIMED_OUT" ? {} : { error: error ?? undefined, cause: cause ?? undefined }),
      redriveCount: execution.redriveCount,
      redriveDate: optionalTime(execution.redrivenAt),
      ...redrivability(execution, store.lastEventId(execution.id), clock.now()),
    };
  }

  #describeMachine(parameters: Parameters): Result {
    const execution = this.#find(parameters);
    const { arn, name, definition, roleArn } = this.#ports.store.definition(execution.definitionId);
    return {
      stateMachineArn: arn,
      name,
      definition,
      roleArn,
      updateDate: wireTime(execution.startedAt),
      loggingConfiguration: { level: "OFF", includeExecutionData: false },
      tracingConfiguration: { enabled: false },
    };
  }

  #history(parameters: Parameters): Result {
    const { id } = this.#find(parameters);
    const limit = parameters.pageSize();
    const reverse = parameters.flag("reverseOrder", false);
    const withData = parameters.flag("includeExecutionData", true);
    const listing = ["GetExecutionHistory", id, reverse, withData];
    const start = parameters.pageStart(listing, historyTokenMax) ?? (reverse ? historyEventsMax + 1 : 0);
    const found = this.#ports.store.events(id, start, limit + 1, reverse);
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      events: page.map((event) => wireEvent(event, withData)),
      nextToken: found.length > limit && last !== undefined ? nextPage(listing, last.id) : undefined,
    };
  }

  async #stop(parameters: Parameters): Promise<Result> {
    const execution = this.#find(parameters);
    const error = parameters.shortText("error", errorMax);
    const cause = parameters.shortText("cause", causeMax);
    await this.#ports.standard.stop(execution, { error, cause });
    const { stoppedAt } = this.#ports.store.get(execution.id);
    return { stopDate: wireTime(stoppedAt ?? this.#ports.clock.now()) };
  }

  #redrive(parameters: Parameters, cause: Cause): Result {
    const execution = this.#find(parameters);
    const token = parameters.shortText("clientToken", clientTokenMax);
    if (token !== undefined && token === execution.redriveToken && execution.redrivenAt !== null) {
      return { redriveDate: wireTime(execution.redrivenAt) };
    }
    const { clock, store, standard } = this.#ports;
    const lastEventId = store.lastEventId(execution.id);
    const { redriveStatusReason } = redrivability(execution, lastEventId, clock.now());
    if (redriveStatusReason !== undefined) {
      throw new ApiError("ExecutionNotRedrivable", `Execution Not Redrivable: '${redriveStatusReason}'`);
    }
    this.#ports.admit();
    return { redriveDate: wireTime(standard.redrive(execution, token, cause)) };
  }

  #sendTaskSuccess(parameters: Parameters): Result {
    const token = parameters.text("taskToken", taskTokenMax);
    const text = parameters.required("output");
    if (Buffer.byteLength(text) > payloadBytesMax) {
      const rule = `Member must have length less than or equal to ${payloadBytesMax}`;
      const message = `1 validation error detected: Value at 'output' failed to satisfy constraint: ${rule}`;
      throw new ApiError("ValidationException", message);
    }
    return this.#answer(token, { kind: "success", output: parseOutput(text) });
  }

  #sendTaskFailure(parameters: Parameters): Result {
    const token = parameters.text("taskToken", taskTokenMax);
    const error = parameters.shortText("error", errorMax);
    const cause = parameters.shortText("cause", causeMax);
    return this.#answer(token, { kind: "failure", failure: { error, cause } });
  }

  #sendTaskHeartbeat(parameters: Parameters): Result {
    return accept(this.#ports.callbacks.heartbeat(parameters.text("taskToken", taskTokenMax)));
  }

  #answer(token: string, answer: TaskAnswer): Result {
    return accept(this.#ports.callbacks.answer(token, answer));
  }

  #find(parameters: Parameters): StoredExecution {
    const arn = parameters.arn("executionArn", "execution");
    const execution = this.#ports.store.find(arn);
    if (execution !== undefined && !this.#ports.store.isForgotten(execution, this.#ports.clock.now())) {
      return execution;
    }
    throw new ApiError("ExecutionDoesNotExist", `Execution Does Not Exist: '${arn}'`);
  }
}

function parseOutput(text: string): Json {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new ApiError("InvalidOutput", `Invalid Output: '${reason}'`);
  }
}

function accept(verdict: TokenVerdict): Result {
  switch (verdict) {
    case "accepted":
      return {};
    case "invalid":
      throw new ApiError("InvalidToken", "Invalid Token: 'Invalid token'");
    case "closed":
      throw new ApiError("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
  }
}

function optionalTime(epochMs: number | null): number | undefined {
  return epochMs === null ? undefined : wireTime(epochMs);
}
