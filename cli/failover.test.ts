import { afterEach, expect, test, vi } from "vitest";
import { storeConnection } from "./connection.ts";
import { startFailover } from "./failover.ts";

const untouched = { send: () => Promise.reject(new Error("AWS was asked")) };
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const word = { by: "me", reason: "it is lost", evidence: "INC-1", since: inMs(-3_600_000) };

test.each([
  [{ ...word, by: undefined }, /say --by whom/],
  [{ ...word, segments: "many" }, /--segments is a whole number from 1 to 40/],
  [{ ...word, segments: "41" }, /--segments/],
  [{ ...word, since: undefined }, /say --since when .* replication was last known to be whole/],
  [{ ...word, since: "yesterday" }, /--since is a time/],
  [{ ...word, since: "2026-01-31T12:00:00" }, /--since is a time/],
  [{ ...word, since: inMs(60_000) }, /--since is in the future/],
  [{ ...word, since: "2016-01-31T12:00:00Z" }, /--since is more than 30 days ago/],
])("a failover that is typed as %o is refused before anything is asked of AWS", async (typed, refusal) => {
  await expect(startFailover(untouched, typed, () => undefined)).rejects.toThrow(refusal);
});

/** Histories as they grow, newest event first, and statuses; `undefined` is a call that AWS throttles. */
function workflow(
  looks: readonly ({ readonly names: readonly string[]; readonly status: string } | undefined)[],
) {
  let at = 0;
  const send = (command: { readonly constructor: { readonly name: string } }) => {
    const kind = command.constructor.name;
    if (kind === "ListStateMachinesCommand")
      return { stateMachines: [{ name: "tallystick-local-failover", stateMachineArn: "arn" }] };
    if (kind === "StartExecutionCommand") return { executionArn: "run" };
    const look = looks[at];
    if (look === undefined) {
      at += 1;
      throw Object.assign(new Error("Rate exceeded"), { name: "ThrottlingException" });
    }
    if (kind === "DescribeExecutionCommand") return { status: look.status, output: "{}" };
    at += 1;
    const events = look.names.map((name, index) => ({
      id: index + 1,
      timestamp: new Date(0),
      stateEnteredEventDetails: { name },
    }));
    return { events: events.toReversed() };
  };
  return { client: { send: async (command: never) => send(command) } as never };
}

test("each state is told once, in its order, also where AWS asks to look less often; parts are not", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  const { client } = workflow([
    { names: ["Admit"], status: "RUNNING" },
    undefined,
    { names: ["Admit", "TakePayments", "TakePaymentsOfPart"], status: "RUNNING" },
    { names: ["Admit", "TakePayments", "TakePaymentsOfPart", "Open"], status: "SUCCEEDED" },
  ]);
  const told: string[] = [];
  const ended = startFailover(client, word, (line) => told.push(line.split("  ").at(-1) ?? ""));
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await ended).toBe("the region is open: {}");
  expect(told).toEqual(["run: started", "Admit", "TakePayments", "Open"]);
});

afterEach(() => {
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

test("a stage on AWS without a region is refused, with what to set", () => {
  vi.stubEnv("AWS_REGION", undefined);
  vi.stubEnv("AWS_PROFILE", undefined);
  expect(() => storeConnection(".local", "production")).toThrow("set AWS_REGION to the region of production");
});
