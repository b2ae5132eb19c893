/**
 * Executions per second of the local Step Functions engine, on one core and with functions that answer at once: a
 * three-state machine (Task, Choice, Task) of the saga's shape; then of its Standard executions through the service,
 * with every step kept on disk. Run it with `node bench/stepfunctions.ts`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "#local/stepfunctions/clock.ts";
import { compileMachine } from "#local/stepfunctions/compile/compile.ts";
import type { HistoryEvent } from "#local/stepfunctions/history.ts";
import { startExecution } from "#local/stepfunctions/interpreter.ts";
import type { LambdaOutcome } from "#local/stepfunctions/invoker.ts";
import type { Machine } from "#local/stepfunctions/machine.ts";
import { StepFunctionsService } from "#local/stepfunctions/service.ts";

const rounds = 5;
const executionsPerRound = 10_000;
const concurrency = 10;
const targetPerSecond = 5_000;

function task(functionName: string, output: string, next: object): object {
  const payload = { payment: "{% $states.input.payment %}" };
  return {
    Type: "Task",
    Resource: "arn:aws:states:::lambda:invoke",
    Arguments: { FunctionName: functionName, Payload: payload },
    Retry: [{ ErrorEquals: ["Lambda.TooManyRequestsException"], MaxAttempts: 2 }],
    Output: output,
    ...next,
  };
}

function saga(condition: string, output: string): object {
  return {
    QueryLanguage: "JSONata",
    StartAt: "Authorize",
    States: {
      Authorize: task("authorize", "{% $states.result.Payload %}", { Next: "Authorized" }),
      Authorized: { Type: "Choice", Choices: [{ Condition: condition, Next: "Post" }], Default: "Post" },
      Post: task("post", output, { End: true }),
    },
  };
}

const plainDefinition = saga("{% $states.input.outcome = 'authorized' %}", "{% $states.result.Payload %}");
const plain = compileMachine(plainDefinition, "EXPRESS");
const throughJsonata = compileMachine(
  saga(
    "{% $states.input.outcome in ['authorized', 'held'] %}",
    "{% { 'payment': $states.result.Payload.payment } %}",
  ),
  "EXPRESS",
);

const payment = { id: "pay_0", amount: "12.30", currency: "EUR", state: "authorized" };
const answer: LambdaOutcome = {
  kind: "returned",
  payload: JSON.stringify({ outcome: "authorized", payment }),
  executedVersion: "$LATEST",
  requestId: "00000000-0000-4000-8000-000000000000",
};
const ports = { clock: systemClock, invoker: { invoke: async () => answer }, random: () => 0.5 };
const identity = {
  executionArn: "arn:aws:states:eu-central-1:111111111111:express:saga:run:1",
  executionName: "run",
  stateMachineArn: "arn:aws:states:eu-central-1:111111111111:stateMachine:saga",
  stateMachineName: "saga",
  roleArn: "arn:aws:iam::111111111111:role/saga",
};

async function execute(machine: Machine, recorded: boolean): Promise<void> {
  const events: HistoryEvent[] = [];
  const history = recorded ? { record: (event: HistoryEvent) => events.push(event) } : undefined;
  const { outcome } = startExecution({ machine, identity, input: { payment }, history }, ports);
  const { status } = await outcome;
  if (status !== "SUCCEEDED") throw new Error(`an execution ended as ${status}`);
}

/** Executions per second of the median round, after one round to warm up. */
async function measure(machine: Machine, recorded: boolean): Promise<number> {
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const startedMs = performance.now();
    for (let done = 0; done < executionsPerRound; done += concurrency) {
      await Promise.all(Array.from({ length: concurrency }, () => execute(machine, recorded)));
    }
    if (round > 0) rates.push((executionsPerRound * 1_000) / (performance.now() - startedMs));
  }
  rates.sort((a, b) => a - b);
  return Math.round(rates[Math.floor(rates.length / 2)] ?? 0);
}

/**
 * Standard executions per second, and per second of CPU time, which other work on the machine does not change:
 * `atATime` of them, each from StartExecution to its end.
 */
async function measureKept(atATime: number): Promise<readonly [perSecond: number, perCpuSecond: number]> {
  const directory = mkdtempSync(join(tmpdir(), "bench-stepfunctions-"));
  const ends = new Map<string, () => void>();
  const service = new StepFunctionsService({
    ...ports,
    storeFile: join(directory, "store"),
    onStatusChange: ({ detail }) => {
      if (detail.status !== "RUNNING") ends.get(detail.name)?.();
    },
  });
  const arn = identity.stateMachineArn;
  const definition = JSON.stringify(plainDefinition);
  service.createStateMachine({ name: "saga", arn, type: "STANDARD", definition, roleArn: identity.roleArn });
  const signal = new AbortController().signal;
  const caller = { accessKeyId: "key", roleArn: undefined, name: "bench" };
  const input = JSON.stringify({ payment });
  let started = 0;
  const runOneAfterAnother = async (): Promise<void> => {
    while (started < executionsPerRound) {
      started += 1;
      const name = `run-${started}`;
      const ended = new Promise<void>((resolve) => ends.set(name, resolve));
      const body = Buffer.from(JSON.stringify({ stateMachineArn: arn, name, input }));
      await service.handle({
        ...{ service: "states", action: "StartExecution", method: "POST", path: "/", headers: {}, body },
        ...{ caller, signal },
      });
      await ended;
      ends.delete(name);
    }
  };
  const startedMs = performance.now();
  const startedCpu = process.cpuUsage();
  await Promise.all(Array.from({ length: atATime }, runOneAfterAnother));
  const elapsedMs = performance.now() - startedMs;
  const { user, system } = process.cpuUsage(startedCpu);
  await service.close();
  rmSync(directory, { recursive: true });
  const [wall, cpu] = [elapsedMs / 1_000, (user + system) / 1_000_000];
  return [Math.round(executionsPerRound / wall), Math.round(executionsPerRound / cpu)];
}

function versionOf(name: string): string {
  const url = new URL(`../node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${JSON.parse(readFileSync(url, "utf8")).version}`;
}

const processors = cpus();
console.log(`${processors[0]?.model ?? "unknown processor"}, ${processors.length} cores, one used`);
console.log(`node ${process.versions.node}, ${versionOf("jsonata")}`);
console.log(`${rounds} rounds of ${executionsPerRound} executions of 3 states, ${concurrency} at a time`);
const results = [
  ["member paths and comparisons", await measure(plain, false)],
  ["two expressions through jsonata", await measure(throughJsonata, false)],
  ["two expressions through jsonata, history recorded", await measure(throughJsonata, true)],
] as const;
for (const [title, perSecond] of results) console.log(`${title}: ${perSecond} executions/s`);
const slowest = Math.min(...results.map(([, perSecond]) => perSecond));
console.log(`target: ${targetPerSecond} executions/s, ${slowest >= targetPerSecond ? "met" : "missed"}`);
console.log("Standard, each of 13 events kept on disk:");
for (const atATime of [1, concurrency, 100]) {
  const [perSecond, perCpuSecond] = await measureKept(atATime);
  const verdict = perSecond >= targetPerSecond ? "met" : "missed";
  console.log(`  ${atATime} at a time: ${perSecond} executions/s, ${verdict}; ${perCpuSecond}/s of CPU time`);
}
