import { readFileSync } from "node:fs";
import { compileMachine } from "#local/stepfunctions/compile/compile.ts";
import type { Machine } from "#local/stepfunctions/machine.ts";

/** A retry rule of a state. */
interface RetryRule {
  readonly ErrorEquals: readonly string[];
  readonly MaxAttempts?: number;
  readonly [field: string]: unknown;
}

/** The saga's definition, as far as mutations change it. */
export interface Definition {
  readonly States: Readonly<
    Record<string, { readonly Retry?: readonly RetryRule[]; readonly [field: string]: unknown }>
  >;
}

const file = new URL("../../workflows/payment/machine.asl.json", import.meta.url);

/** The saga as it is deployed, with functions that are named after their steps: `authorize`, `post`, … */
export const definition: Definition = JSON.parse(
  readFileSync(file, "utf8").replaceAll(/\$\{(\w+)FunctionArn\}/g, (_match, name: string) =>
    name.toLowerCase(),
  ),
);

/** Compiles the saga as an Express machine. */
export const compileSaga = (saga: Definition = definition): Machine => compileMachine(saga, "EXPRESS");

/** How often the deployed saga tries a state again. */
export const retriesOf = (state: string): number => definition.States[state]?.Retry?.[0]?.MaxAttempts ?? 0;
