import validateAsl from "asl-validator";
import type { PlanView } from "../plan-view.ts";
import { grantsOf, listOf } from "../rules/documents.ts";
import { type Check, each } from "../rules/rule.ts";

const machineType = "aws:sfn/stateMachine:StateMachine";

interface State {
  readonly Type?: string;
  readonly TimeoutSeconds?: number;
  readonly Arguments?: { readonly FunctionName?: string };
  /** Of a Map. */
  readonly ItemProcessor?: Definition;
  /** Of a Parallel. */
  readonly Branches?: readonly Definition[];
}
interface Definition {
  readonly TimeoutSeconds?: number;
  readonly States: Readonly<Record<string, State>>;
}
interface Machine {
  readonly type?: string;
  readonly roleArn: string;
  /** JSON in a lock, text in a plan that is fresh from the renderer. */
  readonly definition: string | Definition;
}

const definitionOf = ({ definition }: Machine): Definition =>
  typeof definition === "string" ? (JSON.parse(definition) as Definition) : definition;

/** Every state by its name, those inside of others too: AWS wants the names to be unique. */
const statesOf = ({ States }: Pick<Definition, "States">): [string, State][] =>
  Object.entries(States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...[state.ItemProcessor ?? [], ...(state.Branches ?? [])].flat().flatMap(statesOf),
  ]);

/** AWS refuses a longer one. */
const definitionBytesMax = 1024 * 1024;
/** Express ends an execution after five minutes. */
const expressSecondsMax = 300;

export const machinesAreValid: Check = each<Machine>(machineType, (machine) => {
  const definition = definitionOf(machine);
  const { isValid, errors } = validateAsl(definition as Parameters<typeof validateAsl>[0]);
  if (!isValid)
    return `is no valid state machine: ${errors.map((error) => JSON.stringify(error)).join(", ")}`;
  const bytes = Buffer.byteLength(JSON.stringify(definition));
  return bytes > definitionBytesMax && `has ${bytes} bytes: AWS takes ${definitionBytesMax}`;
});

/** A Standard machine may wait for days, which is what it is for; each of its tasks ends. */
export const machinesEnd: Check = each<Machine>(machineType, (machine) => {
  const definition = definitionOf(machine);
  const { TimeoutSeconds = Number.POSITIVE_INFINITY } = definition;
  if (machine.type === "EXPRESS" && TimeoutSeconds >= expressSecondsMax)
    return `may take ${TimeoutSeconds} s: Express ends it after ${expressSecondsMax}, without an answer`;
  const endless = statesOf(definition).filter(
    ([, state]) => state.Type === "Task" && state.TimeoutSeconds === undefined,
  );
  return endless.length > 0 && `${endless.map(([name]) => name).join(", ")}: give it TimeoutSeconds`;
});

const functionsOf = (plan: PlanView) =>
  new Map(
    plan
      .ofType<{ timeout?: number }>("aws:lambda/function:Function")
      .map((fn) => [fn.outputs?.["arn"], fn] as const),
  );

/** A state that gives up first would retry beside a function that still runs. */
export const statesOutlastFunctions: Check = each<Machine>(machineType, (machine, _, plan) => {
  const functions = functionsOf(plan);
  const short = statesOf(definitionOf(machine)).filter(([, { TimeoutSeconds = 0, Arguments }]) => {
    const fn = functions.get(Arguments?.FunctionName);
    return fn !== undefined && TimeoutSeconds <= (fn.inputs.timeout ?? 3);
  });
  return (
    short.length > 0 &&
    `${short.map(([name]) => name).join(", ")}: gives up before its function does; raise TimeoutSeconds, or lower the function's`
  );
});

/** What a machine invokes, its role may invoke, and nothing else. */
export const machinesMayInvoke: Check = each<Machine>(machineType, (machine, _, plan) => {
  const invoked = statesOf(definitionOf(machine)).flatMap(
    ([, { Arguments }]) => Arguments?.FunctionName ?? [],
  );
  const role = plan
    .ofType<{ inlinePolicies?: readonly { policy?: unknown }[] }>("aws:iam/role:Role")
    .find(({ outputs }) => outputs?.["arn"] === machine.roleArn);
  const granted = grantsOf(role?.inputs ?? {})
    .filter(({ Action }) => listOf(Action).includes("lambda:InvokeFunction"))
    .flatMap(({ Resource }) => listOf(Resource));
  const denied = invoked.filter((arn) => !granted.includes(arn));
  if (denied.length > 0) return `may not invoke ${denied.join(", ")}: add it to the role`;
  const unused = granted.filter((arn) => !invoked.includes(arn));
  return unused.length > 0 && `may invoke ${unused.join(", ")}, and never does: take it from the role`;
});
