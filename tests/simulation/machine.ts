import { readFileSync } from "node:fs";
import { compileMachine } from "#local/stepfunctions/compile/compile.ts";
import type { Machine, MachineType } from "#local/stepfunctions/machine.ts";

/** A retry rule of a state. */
interface RetryRule {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts?: number;
  readonly [field: string]: unknown;
}

/** A saga's definition, as far as mutations change it. */
export interface Definition {
  readonly States: Readonly<
    Record<string, { readonly Retry?: readonly RetryRule[]; readonly [field: string]: unknown }>
  >;
}

const types = {
  payment: "EXPRESS",
  refund: "EXPRESS",
  recovery: "STANDARD",
  dispute: "STANDARD",
} as const satisfies Record<string, MachineType>;
export type SagaName = keyof typeof types;
export const sagaNames = Object.keys(types) as readonly SagaName[];

export type Machines = Readonly<Record<SagaName, Machine>>;

/** `HoldRefund` is `hold-refund`, as its file is called. */
const fileName = (name: string): string => name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();

/** The saga as it is deployed, with functions that are named after their files, and sagas and queues that are named as here. */
function readDefinition(saga: SagaName): Definition {
  const text = readFileSync(new URL(`../../workflows/${saga}/machine.asl.json`, import.meta.url), "utf8");
  return JSON.parse(
    text
      .replaceAll(/\$\{(\w+)FunctionArn\}/g, (_match, name: string) => fileName(name))
      .replaceAll(/\$\{(\w+)SagaArn\}/g, (_match, name: string) => fileName(name))
      .replaceAll(/\$\{(\w+)QueueUrl\}/g, (_match, name: string) => fileName(name)),
  );
}

export const definitions: Readonly<Record<SagaName, Definition>> = {
  payment: readDefinition("payment"),
  refund: readDefinition("refund"),
  recovery: readDefinition("recovery"),
  dispute: readDefinition("dispute"),
};

/** The sagas as they are deployed, but for those that are given. */
export function compileSagas(changed: Partial<Record<SagaName, Definition>> = {}): Machines {
  const compile = (saga: SagaName): Machine =>
    compileMachine(changed[saga] ?? definitions[saga], types[saga]);
  return {
    payment: compile("payment"),
    refund: compile("refund"),
    recovery: compile("recovery"),
    dispute: compile("dispute"),
  };
}

/** How often the deployed saga tries a state again, by the rule that tries most often. */
export const retriesOf = (saga: SagaName, state: string): number =>
  Math.max(0, ...(definitions[saga].States[state]?.Retry ?? []).map(({ MaxAttempts = 0 }) => MaxAttempts));
