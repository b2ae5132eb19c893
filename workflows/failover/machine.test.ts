import { describe, expect, test } from "vitest";
import { WriterFenced } from "#adapters/dynamodb/errors.ts";
import { segmentsMax } from "./contract.ts";
import machine from "./machine.asl.json" with { type: "json" };

interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly Retry?: readonly { readonly ErrorEquals: readonly string[]; readonly MaxAttempts?: number }[];
  readonly Catch?: readonly { readonly Next: string }[];
  readonly ItemProcessor?: { readonly StartAt: string; readonly States: Readonly<Record<string, State>> };
}

const states: Readonly<Record<string, State>> = machine.States;
const passes = Object.entries(states).filter(([, { Type }]) => Type === "Map");

test("fences first, rebuilds from the journal once it is complete, opens, and then promotes the books", () => {
  const course: string[] = [];
  for (let name: string | undefined = machine.StartAt; name !== undefined; name = states[name]?.Next)
    course.push(name);
  expect(course).toEqual([
    "Admit",
    "FenceOldRegion",
    "TakePayments",
    "TakeAnswers",
    "TakeJournal",
    "TakeAccounts",
    "RecountFolds",
    "EnableSources",
    "Open",
    "PromoteBooks",
    "Opened",
  ]);
});

describe("a pass", () => {
  const [, payments] = passes[0] as [string, State];
  const parts = Object.values(payments.ItemProcessor?.States ?? {});

  test("is made of a call, whether there is more, and an end", () => {
    expect(passes).toHaveLength(5);
    for (const [, { ItemProcessor }] of passes)
      expect(Object.values(ItemProcessor?.States ?? {}).map(({ Type }) => Type)).toEqual(
        parts.map(({ Type }) => Type),
      );
    expect(parts.map(({ Type }) => Type)).toEqual(["Task", "Choice", "Succeed"]);
  });

  test("is the same as the first, but for its name: what is changed in one is changed in all", () => {
    const [first, ...others] = passes.map(([name, state]) => unnamed(name, state));
    expect(others).toHaveLength(4);
    for (const other of others) expect(other).toEqual(first);
  });

  test("goes through no more parts beside each other than AWS does, and than may be asked for", () => {
    expect((payments as { readonly MaxConcurrency?: number }).MaxConcurrency).toBe(40);
    expect(segmentsMax).toBe(40);
  });

  test("is tried again whatever happens, but not where a later region has the books", () => {
    const [call] = parts as [State];
    expect(call.Retry?.map(({ ErrorEquals, MaxAttempts }) => [ErrorEquals, MaxAttempts])).toEqual([
      [[new WriterFenced().name, "FailoverRefused"], 0],
      [["States.ALL"], 6],
    ]);
  });
});

/** A pass without what names it: its states, its function, and under what its counts stand. What it does is its own. */
function unnamed(name: string, state: State): unknown {
  const counts = name.replace(/^(Take|Recount)/, "").toLowerCase();
  const { Comment: _comment, Next: _next, ...rest } = state as State & { readonly Comment: string };
  return JSON.parse(JSON.stringify(rest).replaceAll(name, "Pass").replaceAll(`'${counts}'`, "'counts'"));
}

test("that the old region cannot be denied holds nothing up, nor do the books: the epoch fences, no payment waits", () => {
  const caught = Object.entries(states).filter(([, state]) => state.Catch !== undefined);
  expect(caught.map(([name, { Catch }]) => [name, Catch?.map(({ Next }) => Next)])).toEqual([
    ["FenceOldRegion", ["TakePayments"]],
    ["PromoteBooks", ["Opened"]],
  ]);
});
