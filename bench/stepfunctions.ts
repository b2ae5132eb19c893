/**
 * Executions per second of the local Step Functions engine, on one core and with functions that answer at once: a
 * three-state machine (Task, Choice, Task) of the saga's shape. Run it with `node bench/stepfunctions.ts`.
 */
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { systemClock } from "#local/stepfunctions/clock.ts";
import { compileMachine } from "#local/stepfunctions/compile/compile.ts";
import type { HistoryEvent } from "#local/stepfunctions/history.ts";
import { startExecution } from "#local/stepfunctions/interpreter.ts";
import type { LambdaOutcome } from "#local/stepfunctions/invoker.ts";
import type { Machine } from "#local/stepfunctions/machine.ts";

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

function saga(condition: string, output: string): Machine {
  const definition = {
    QueryLanguage: "JSONata",
    StartAt: "Authorize",
    States: {
      Authorize: task("authorize", "{% $states.result.Payload %}", { Next: "Authorized" }),
      Authorized: { Type: "Choice", Choices: [{ Condition: condition, Next: "Post" }], Default: "Post" },
      Post: task("post", output, { End: true }),
    },
  };
  return compileMachine(definition, "EXPRESS");
}

const plain = saga("{% $states.input.outcome = 'authorized' %}", "{% $states.result.Payload %}");
const throughJsonata = saga(
  "{% $states.input.outcome in ['authorized', 'held'] %}",
  "{% { 'payment': $states.result.Payload.payment } %}",
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
