/**
 * A process that runs executions until it is killed, or until none is left. Arguments: the store's file, the file that
 * each call of a function is written to, and the range of names to start.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../clock.ts";
import { StepFunctionsService } from "../service.ts";
import { killedMachine } from "./killed-machine.ts";

const [storeFile = "", callsFile = "", from = "0", to = "0"] = process.argv.slice(2);
const functionMs = 3;

const service = new StepFunctionsService({
  clock: systemClock,
  storeFile,
  invoker: {
    async invoke({ executionArn, stateName, payload }) {
      appendFileSync(callsFile, `${executionArn} ${stateName} ${payload}\n`);
      await sleep(functionMs);
      return { kind: "returned", payload, executedVersion: "$LATEST", requestId: "kill" };
    },
  },
});
service.createStateMachine(killedMachine);
service.resume();

async function call(action: string, parameters: object): Promise<Record<string, unknown>> {
  const { statusCode, body } = await service.handle({
    ...{ service: "states", action, method: "POST", path: "/", headers: {} },
    caller: { accessKeyId: "key", roleArn: undefined, name: "operator" },
    body: Buffer.from(JSON.stringify(parameters)),
    signal: new AbortController().signal,
  });
  if (statusCode !== 200) throw new Error(String(body));
  return JSON.parse(String(body));
}

const stateMachineArn = killedMachine.arn;
for (let index = Number(from); index < Number(to); index += 1) {
  await call("StartExecution", { stateMachineArn, name: `run-${index}`, input: `{"n":${index}}` });
  console.log(`started run-${index}`);
  await sleep(1);
}
for (;;) {
  const { executions } = await call("ListExecutions", { stateMachineArn, statusFilter: "RUNNING" });
  if (Array.isArray(executions) && executions.length === 0) break;
  await sleep(10);
}
await service.close();
