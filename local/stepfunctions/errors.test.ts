import { expect, test } from "vitest";
import { matchesError } from "./errors.ts";

test.each([
  { pattern: "States.ALL", error: "CardDeclined", matches: true },
  { pattern: "States.ALL", error: "States.Timeout", matches: true },
  { pattern: "States.ALL", error: undefined, matches: true },
  { pattern: "States.ALL", error: "States.DataLimitExceeded", matches: false },
  { pattern: "States.DataLimitExceeded", error: "States.DataLimitExceeded", matches: true },
  { pattern: "States.ALL", error: "States.Runtime", matches: false },
  { pattern: "States.Runtime", error: "States.Runtime", matches: false },
  { pattern: "States.TaskFailed", error: "CardDeclined", matches: true },
  { pattern: "States.TaskFailed", error: "States.Timeout", matches: false },
  { pattern: "States.TaskFailed", error: "States.HeartbeatTimeout", matches: false },
  { pattern: "States.TaskFailed", error: "States.DataLimitExceeded", matches: false },
  { pattern: "States.Timeout", error: "States.HeartbeatTimeout", matches: true },
  { pattern: "States.HeartbeatTimeout", error: "States.Timeout", matches: false },
  { pattern: "CardDeclined", error: "CardDeclined", matches: true },
  { pattern: "CardDeclined", error: "carddeclined", matches: false },
])("ErrorEquals $pattern for $error: $matches", ({ pattern, error, matches }) => {
  expect(matchesError([pattern], error)).toBe(matches);
});
