import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Billed } from "../billing.ts";
import type { LambdaInvocation, LambdaOutcome } from "../invoker.ts";
import { StepFunctionsService } from "../service.ts";
import type { ServiceCall, ServiceOutcome } from "../service-invoker.ts";
import type { StatusChange } from "../status-change.ts";
import { VirtualClock } from "./virtual-clock.ts";

export const machineArn = "arn:aws:states:eu-central-1:111111111111:stateMachine:machine";
export const executionArnOf = (name: string) =>
  `arn:aws:states:eu-central-1:111111111111:execution:machine:${name}`;

export interface TestServiceOptions {
  readonly clock?: VirtualClock;
  readonly storeFile?: string;
  readonly type?: "EXPRESS" | "STANDARD";
  readonly timeoutSeconds?: number;
  readonly invoke?: (invocation: LambdaInvocation) => Promise<LambdaOutcome>;
  readonly call?: (call: ServiceCall) => Promise<ServiceOutcome>;
  readonly onStatusChange?: (change: StatusChange) => void | Promise<void>;
  readonly onBilled?: (billed: Billed) => void;
}

/** A refusal of the API, as its code and message. */
interface Refused {
  readonly code: string;
  readonly message: string;
}

export interface TestService {
  readonly clock: VirtualClock;
  readonly service: StepFunctionsService;
  /** Calls an action, and gives what it answers. */
  readonly call: (action: string, parameters?: object) => Promise<Record<string, unknown>>;
  /** Calls an action that is refused. */
  readonly refused: (action: string, parameters?: object) => Promise<Refused>;
  /** Starts an execution of the machine. */
  readonly start: (name: string, input?: unknown) => Promise<Record<string, unknown>>;
  readonly describe: (name: string) => Promise<Record<string, unknown>>;
  /** Types of the events so far. */
  readonly events: (name: string) => Promise<readonly string[]>;
}

/** The service with one machine of the given states, on virtual time. */
export function testService(states: object, options: TestServiceOptions = {}): TestService {
  const { clock = new VirtualClock(), type = "STANDARD" } = options;
  const unexpected = () => Promise.reject(new Error("nothing is called here"));
  const service = new StepFunctionsService({
    clock,
    invoker: { invoke: options.invoke ?? unexpected },
    services: { call: options.call ?? unexpected },
    random: () => 0.5,
    ...(options.storeFile === undefined ? {} : { storeFile: options.storeFile }),
    ...(options.onBilled === undefined ? {} : { onBilled: options.onBilled }),
    ...(options.onStatusChange === undefined ? {} : { onStatusChange: options.onStatusChange }),
  });
  const definition = JSON.stringify({
    QueryLanguage: "JSONata",
    StartAt: Object.keys(states)[0],
    States: states,
    TimeoutSeconds: options.timeoutSeconds,
  });
  const roleArn = "arn:aws:iam::111111111111:role/machine";
  service.createStateMachine({ name: "machine", arn: machineArn, type, definition, roleArn });
  const answer = async (action: string, parameters: object): Promise<[number, Record<string, unknown>]> => {
    const { statusCode, body } = await service.handle({
      service: "states",
      action,
      caller: { accessKeyId: "key", roleArn: undefined, name: "operator" },
      method: "POST",
      path: "/",
      headers: { "x-amzn-trace-id": "Root=1-test" },
      body: Buffer.from(JSON.stringify(parameters)),
      signal: new AbortController().signal,
    });
    return [statusCode, JSON.parse(String(body))];
  };
  const call = async (action: string, parameters: object = {}) => {
    const [statusCode, body] = await answer(action, parameters);
    if (statusCode !== 200) throw new Error(`${action} was refused: ${JSON.stringify(body)}`);
    return body;
  };
  return {
    clock,
    service,
    call,
    refused: async (action, parameters = {}) => {
      const [statusCode, body] = await answer(action, parameters);
      if (statusCode === 200) throw new Error(`${action} was not refused: ${JSON.stringify(body)}`);
      return { code: String(body["__type"]), message: String(body["message"]) };
    },
    start: (name, input = {}) =>
      call("StartExecution", { stateMachineArn: machineArn, name, input: JSON.stringify(input) }),
    describe: (name) => call("DescribeExecution", { executionArn: executionArnOf(name) }),
    events: async (name) => {
      const { events } = await call("GetExecutionHistory", { executionArn: executionArnOf(name) });
      return (events as { type: string }[]).map((event) => event.type);
    },
  };
}

/** A directory that lives as long as `use`. */
export async function withDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "stepfunctions-"));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** An answer of a function. */
export function returned(payload: unknown): LambdaOutcome {
  return {
    kind: "returned",
    payload: JSON.stringify(payload),
    executedVersion: "$LATEST",
    requestId: "00000000-0000-4000-8000-000000000000",
  };
}
