import { describe, expect, test } from "vitest";
import { run, task } from "./testing/run.ts";

const wait = (seconds: number | string) => ({ Type: "Wait", Seconds: seconds });

function branch(name: string, ...states: object[]): object {
  const names = states.map((_state, index) => `${name}${index}`);
  return {
    StartAt: names[0],
    States: Object.fromEntries(
      states.map((state, index) => [
        names[index],
        index === states.length - 1
          ? { ...state, ...("Error" in state ? {} : { End: true }) }
          : { ...state, Next: names[index + 1] },
      ]),
    ),
  };
}

function map(processor: object, more: object = {}): object {
  return { Type: "Map", ItemProcessor: processor, End: true, ...more };
}

describe("Parallel", () => {
  test("runs its branches at once, each with the arguments, and keeps their order", async () => {
    const { outcome, tookMs } = await run(
      {
        P: {
          Type: "Parallel",
          Arguments: { n: "{% $states.input.n + 1 %}" },
          Branches: [
            branch("A", wait(3), { Type: "Pass", Output: "{% $states.input.n %}" }),
            branch("B", wait(1), { Type: "Pass", Output: "b" }),
          ],
          Output: "{% $states.result %}",
          End: true,
        },
      },
      { input: { n: 1 } },
    );
    expect(outcome).toEqual({ status: "SUCCEEDED", output: [2, "b"] });
    expect(tookMs).toBe(3_000);
  });

  test("fails with its first failing branch, and gives the others up", async () => {
    const { outcome, tookMs, clock } = await run({
      P: {
        Type: "Parallel",
        Branches: [
          branch("A", wait(60), { Type: "Pass" }),
          branch("B", wait(1), { Type: "Fail", Error: "Broken" }),
          branch("C", wait(1), { Type: "Fail", Error: "TooLate" }),
        ],
        End: true,
      },
    });
    expect(outcome).toEqual({ status: "FAILED", error: "Broken", cause: undefined });
    expect(tookMs).toBe(1_000);
    expect(clock.pendingTimers).toBe(0);
  });

  test("retries all of its branches, and catches what is left", async () => {
    const { outcome, invocations } = await run(
      {
        P: {
          Type: "Parallel",
          Branches: [branch("A", task("a")), branch("B", task("b"))],
          Retry: [{ ErrorEquals: ["Down"], MaxAttempts: 1 }],
          Catch: [{ ErrorEquals: ["States.ALL"], Output: "{% $states.errorOutput.Error %}", Next: "End" }],
          Next: "End",
        },
        End: { Type: "Succeed" },
      },
      { functions: { a: () => ({ returns: 1 }), b: () => ({ throws: "Down" }) } },
    );
    expect(outcome).toEqual({ status: "SUCCEEDED", output: "Down" });
    expect(invocations.map(({ functionName }) => functionName)).toEqual(["a", "b", "a", "b"]);
  });
});

describe("Map", () => {
  test("selects each item's input with the item and its index at hand", async () => {
    const { outcome } = await run(
      {
        M: map(
          branch("I", {
            Type: "Pass",
            Output: ["{% $states.input %}", "{% $states.context.Map.Item.Value %}"],
          }),
          {
            Items: "{% $states.input.list %}",
            ItemSelector: {
              at: "{% $states.context.Map.Item.Index %}",
              item: "{% $states.context.Map.Item.Value %}",
              from: "{% $states.input.from %}",
            },
          },
        ),
      },
      { input: { list: ["x", "y"], from: "here" } },
    );
    expect(outcome).toEqual({
      status: "SUCCEEDED",
      output: [
        [{ at: 0, item: "x", from: "here" }, "x"],
        [{ at: 1, item: "y", from: "here" }, "y"],
      ],
    });
  });

  test.each([
    ["one at a time", 1, 6_000],
    ["two at a time", 2, 4_000],
    ["all at once without a limit", 0, 3_000],
    ["as many as an expression says", "{% 1 + 1 %}", 4_000],
  ])("runs its items %s", async (_title, maxConcurrency, tookMs) => {
    const states = { M: map(branch("I", wait("{% $states.input %}")), { MaxConcurrency: maxConcurrency }) };
    const found = await run(states, { input: [1, 2, 3] });
    expect(found.outcome).toEqual({ status: "SUCCEEDED", output: [1, 2, 3] });
    expect(found.tookMs).toBe(tookMs);
  });

  test("runs at most forty items at a time", async () => {
    const input = new Array(41).fill(1);
    expect((await run({ M: map(branch("I", wait(1))) }, { input })).tookMs).toBe(2_000);
  });

  test("starts no further item after one has failed", async () => {
    const { outcome, invocations } = await run(
      { M: map(branch("I", task("f")), { MaxConcurrency: 1 }) },
      {
        input: [1, 2, 3],
        functions: { f: (event) => (event === 2 ? { throws: "Bad" } : { returns: event }) },
      },
    );
    expect(outcome).toMatchObject({ status: "FAILED", error: "Bad" });
    expect(invocations).toHaveLength(2);
  });

  test("inside a Map the innermost item is the context's", async () => {
    const inner = map(branch("J", { Type: "Pass", Output: "{% $states.context.Map.Item.Index %}" }));
    const { outcome } = await run(
      { M: map({ StartAt: "I", States: { I: inner } }) },
      { input: [[7], [8, 9]] },
    );
    expect(outcome).toEqual({ status: "SUCCEEDED", output: [[0], [0, 1]] });
  });
});
