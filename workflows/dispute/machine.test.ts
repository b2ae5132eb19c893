import jsonata from "jsonata";
import { describe, expect, test } from "vitest";
import { disputeIdOf } from "#core/disputes/ids.ts";
import { DisputeNotOpened } from "#core/disputes/steps/open.ts";
import { exampleDispute } from "#tests/support/examples.ts";
import { type DisputeOutput, disputeInput, toldRecord } from "./contract.ts";
import machine from "./machine.asl.json" with { type: "json" };

const { States: states } = machine;

/** What an expression of the definition says of a state's input, and of what its task answered with. */
async function evaluated(template: unknown, input: object, result: object = {}): Promise<unknown> {
  if (typeof template === "string") {
    const expression = /^\{%(.*)%\}$/s.exec(template)?.[1];
    if (expression === undefined) return template;
    const context = { Execution: { Id: "arn:execution" } };
    return jsonata(expression).evaluate({}, { states: { input, result, context } });
  }
  if (template === null || typeof template !== "object") return template;
  const members = Object.entries(template).map(async ([name, each]) => [
    name,
    await evaluated(each, input, result),
  ]);
  return Object.fromEntries(await Promise.all(members));
}

/** Where a choice leads. */
async function next(input: object): Promise<string> {
  for (const { Condition, Next } of states.WhatWasFound.Choices)
    if ((await evaluated(Condition, input)) === true) return Next;
  return states.WhatWasFound.Default;
}

const { id, payment, book } = exampleDispute();
const told = toldRecord({
  ...{ book, payment, acquirer: "alpha", reference: "case-1" },
  ...{ amount: 40_00n, currency: "USD", reason: "fraudulent", at: 1 },
});
const answered: DisputeOutput = {
  book,
  dispute: id,
  outcome: "waiting",
  attempt: 3,
  reason: "time",
  wait: 60,
};

describe("the dispute saga", () => {
  test("hands its task what the contract reads, whatever it was started for", async () => {
    for (const start of [{ told }, { told, errand: true }, { errand: true }]) {
      const begun = (await evaluated(states.Begin.Output, { book, dispute: id, ...start })) as object;
      const input = await evaluated(states.Look.Arguments.Payload, begun);
      expect(disputeInput.parse(input)).toMatchObject({
        book,
        dispute: id,
        attempt: 0,
        execution: "arn:execution",
      });
      expect(disputeInput.parse(input).told?.amount).toBe("told" in start ? 40_00n : undefined);
    }
    expect(disputeIdOf(told.acquirer, told.reference)).toBe(id);
  });

  test("opens with its first look alone, and counts what nothing came of", async () => {
    const looked = (await evaluated(
      states.Look.Output,
      { errand: false, looks: 4 },
      { Payload: { ...answered, outcome: "ask_again" } },
    )) as object;
    expect(await evaluated(states.Wait.Seconds, looked)).toBe(60);
    expect(await evaluated(states.Wait.Output, looked)).toEqual({
      ...{ book, dispute: id, told: null, errand: false, attempt: 4, looks: 5 },
    });
    expect(await evaluated(states.Wait.Output, { ...looked, outcome: "waiting" })).toMatchObject({
      attempt: 0,
    });
  });

  // biome-ignore format: a table is read in rows
  test.each<{ what: string; found: Partial<DisputeOutput> & { errand?: boolean; looks?: number }; to: string }>([
    { what: "ends with the dispute", found: { outcome: "concluded" }, to: "Done" },
    { what: "waits for as long as it is asked to", found: {}, to: "Wait" },
    { what: "does not wait on an errand", found: { errand: true }, to: "Done" },
    { what: "asks again on an errand too", found: { errand: true, outcome: "ask_again" }, to: "Wait" },
    { what: "calls a person when it has looked too often", found: { looks: 1_500 }, to: "Unresolved" },
  ])("$what", async ({ found, to }) => {
    expect(await next({ ...answered, errand: false, looks: 1, ...found })).toBe(to);
  });

  test("tries again whatever happens, but not what can never be opened", () => {
    const tries = states.Look.Retry.map(({ ErrorEquals, MaxAttempts }) => [ErrorEquals, MaxAttempts]);
    expect(tries).toEqual([
      [[new DisputeNotOpened().name], 0],
      [["States.ALL"], 8],
    ]);
  });

  test("fails by the name after which a dead letter's replay starts anew", () => {
    expect(states.Unresolved.Error).toBe("Unresolved");
  });
});
