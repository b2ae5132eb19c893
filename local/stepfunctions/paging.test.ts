import { describe, expect, test } from "vitest";
import { executionArnOf, machineArn, type TestService, testService } from "./testing/service.ts";

const wait = { Wait: { Type: "Wait", Seconds: "{% $states.input.wait %}", End: true } };
const roleArn = "arn:aws:iam::111111111111:role/machine";

type Listing = readonly [action: string, parameters: object, member: string, name: string];
const machines: Listing = ["ListStateMachines", {}, "stateMachines", "name"];
const executions: Listing = ["ListExecutions", { stateMachineArn: machineArn }, "executions", "name"];
const history: Listing = ["GetExecutionHistory", { executionArn: executionArnOf("run-0") }, "events", "id"];
const listings: readonly Listing[] = [machines, executions, history];

/** Five machines; of the first one, five executions, of which the first has ended, with four events. */
async function filled(): Promise<TestService> {
  const running = testService(wait);
  for (const name of ["second", "third", "fourth", "fifth"]) {
    const definition = JSON.stringify({ QueryLanguage: "JSONata", StartAt: "Wait", States: wait });
    const arn = machineArn.replace(/machine$/, name);
    running.service.createStateMachine({ name, arn, type: "STANDARD", definition, roleArn });
  }
  for (const [index, seconds] of [1, 60, 60, 60, 60].entries()) {
    await running.start(`run-${index}`, { wait: seconds });
  }
  await running.clock.advance(1_000);
  return running;
}

/** What each page of a listing holds. */
async function pages(
  { call }: TestService,
  [action, parameters, member, name]: Listing,
  more: object,
): Promise<readonly unknown[]> {
  const found: unknown[] = [];
  let nextToken: unknown;
  do {
    const page = await call(action, { ...parameters, ...more, nextToken });
    found.push((page[member] as Record<string, unknown>[]).map((each) => each[name]));
    nextToken = page["nextToken"];
  } while (nextToken !== undefined);
  return found;
}

test.each([
  ["ListStateMachines", machines, [["machine", "second"], ["third", "fourth"], ["fifth"]]],
  ["ListExecutions", executions, [["run-4", "run-3"], ["run-2", "run-1"], ["run-0"]]],
  [
    "GetExecutionHistory",
    history,
    [
      [1, 2],
      [3, 4],
    ],
  ],
])("%s has pages", async (_action, listing, expected) => {
  const running = await filled();
  expect(await pages(running, listing, { maxResults: 2 })).toEqual(expected);
  expect(await pages(running, listing, { maxResults: 5 })).toEqual([expected.flat()]);
  expect(await pages(running, listing, { maxResults: 0 })).toEqual([expected.flat()]);
});

test("a history has pages from its end too", async () => {
  const running = await filled();
  const found = await pages(running, history, { maxResults: 3, reverseOrder: true });
  expect(found).toEqual([[4, 3, 2], [1]]);
});

test("executions are listed by their status, and by whether they were redriven", async () => {
  const running = await filled();
  await running.call("StopExecution", { executionArn: executionArnOf("run-2") });
  await running.call("RedriveExecution", { executionArn: executionArnOf("run-2") });
  const listed = (more: object) => pages(running, executions, more);
  expect(await listed({ statusFilter: "SUCCEEDED" })).toEqual([["run-0"]]);
  expect(await listed({ statusFilter: "PENDING_REDRIVE" })).toEqual([[]]);
  expect(await listed({ redriveFilter: "REDRIVEN" })).toEqual([["run-2"]]);
  expect(await listed({ redriveFilter: "NOT_REDRIVEN", maxResults: 3 })).toEqual([
    ["run-4", "run-3", "run-1"],
    ["run-0"],
  ]);
  expect(await listed({ redriveFilter: "REDRIVEN", statusFilter: "ABORTED" })).toEqual([[]]);
});

const constraint = (what: string, rule: string) => ({
  code: "ValidationException",
  message: `1 validation error detected: ${what} failed to satisfy constraint: ${rule}`,
});
const invalidToken = { code: "InvalidToken", message: "Invalid Token: 'Invalid token'" };

describe("refused", () => {
  test.each<[string, object, object]>([
    [
      "more than 1,000 results",
      { maxResults: 1_001 },
      constraint("Value '1001' at 'maxResults'", "Member must have value less than or equal to 1000"),
    ],
    [
      "less than none",
      { maxResults: -1 },
      constraint("Value '-1' at 'maxResults'", "Member must have value greater than or equal to 0"),
    ],
    [
      "an empty token",
      { nextToken: "" },
      constraint("Value at 'nextToken'", "Member must have length greater than or equal to 1"),
    ],
    ["a token that is none", { nextToken: "page 2" }, invalidToken],
  ])("is %s, by every listing", async (_title, more, refusal) => {
    const { refused } = await filled();
    for (const [action, parameters] of listings) {
      expect(await refused(action, { ...parameters, ...more }), action).toEqual(refusal);
    }
  });

  test.each([
    ["ListStateMachines", machines, 1_024],
    ["ListExecutions", executions, 3_096],
    ["GetExecutionHistory", history, 1_024],
  ])("is a token that is too long, by %s", async (action, [, parameters], lengthMax) => {
    const { refused } = await filled();
    const give = (length: number) => refused(action, { ...parameters, nextToken: "x".repeat(length) });
    expect(await give(lengthMax)).toEqual(invalidToken);
    expect(await give(lengthMax + 1)).toEqual(
      constraint("Value at 'nextToken'", `Member must have length less than or equal to ${lengthMax}`),
    );
  });

  test("is a token of another listing, or of the same one with another filter", async () => {
    const { call, refused } = await filled();
    const tokens = await Promise.all(
      listings.map(
        async ([action, parameters]) => (await call(action, { ...parameters, maxResults: 2 }))["nextToken"],
      ),
    );
    for (const [of, [action, parameters]] of listings.entries()) {
      for (const [index, nextToken] of tokens.entries()) {
        if (index !== of) expect(await refused(action, { ...parameters, nextToken })).toEqual(invalidToken);
      }
    }
    const [, ofExecutions, ofHistory] = tokens;
    const filtered = { ...executions[1], nextToken: ofExecutions, statusFilter: "RUNNING" };
    expect(await refused("ListExecutions", filtered)).toEqual(invalidToken);
    const reversed = { ...history[1], nextToken: ofHistory, reverseOrder: true };
    expect(await refused("GetExecutionHistory", reversed)).toEqual(invalidToken);
  });
});
