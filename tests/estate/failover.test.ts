import { describe, expect, it } from "vitest";
import { committed, type FunctionInputs, lockedStages } from "./committed-plan.ts";

/** What Lambda and Step Functions let the failover's passes do (ADR 47). */

interface State {
  readonly Type: string;
  readonly TimeoutSeconds?: number;
  readonly Arguments?: { readonly FunctionName?: string };
  readonly ItemProcessor?: { readonly States: Readonly<Record<string, State>> };
}

/** Of any function. */
const lambdaSecondsMax = 900;

describe.each(lockedStages)("a pass of the failover in %s", (stage) => {
  const plan = committed(stage);
  const { definition } = plan.resource<{
    readonly definition: { readonly States: Readonly<Record<string, State>> };
  }>("FailoverSaga").inputs;
  const calls = Object.values(definition.States).flatMap(({ ItemProcessor }) =>
    Object.entries(ItemProcessor?.States ?? {}).filter(([, { Type }]) => Type === "Task"),
  );
  const functions = new Map(
    plan
      .ofType<FunctionInputs>("aws:lambda/function:Function")
      .map(({ inputs, outputs }) => [outputs?.["arn"], inputs]),
  );

  it("may work on one page for as long as any call may take: a long journal is one page", () => {
    expect(calls.map(([, { Arguments }]) => functions.get(Arguments?.FunctionName)?.timeout)).toEqual(
      Array.from({ length: 5 }, () => lambdaSecondsMax),
    );
  });

  it("is not given up before its function is", () => {
    for (const [name, { TimeoutSeconds = 0 }] of calls)
      expect(TimeoutSeconds, name).toBeGreaterThan(lambdaSecondsMax);
  });
});
