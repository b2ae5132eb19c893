import { describe, expect, test } from "vitest";
import { StoreContention, StoreUnavailable } from "#adapters/dynamodb/errors.ts";
import { AcquirerUnavailable } from "#core/payments/steps/ask.ts";
import refundMachine from "#workflows/refund/machine.asl.json" with { type: "json" };
import machine from "./machine.asl.json" with { type: "json" };

const { TakeUp, Transfer, Authorize, Resume, Post, Settle, Compensate, Review } = machine.States;
const { TakeUp: TakeUpRefund, Hold, GiveBack, Review: ReviewRefund } = refundMachine.States;

const retriedBy = (state: { Retry: readonly { ErrorEquals: readonly string[] }[] }) =>
  state.Retry.flatMap((rule) => rule.ErrorEquals);

/** What says that an invocation was lost, or never came about. */
const lostInvocations = [
  "States.Timeout",
  // A function that ran out of its own time.
  "Sandbox.Timedout",
  // A process that died in the middle.
  "Runtime.ExitError",
  "Runtime.OutOfMemory",
  "Lambda.TooManyRequestsException",
  "Lambda.ServiceException",
  "Lambda.AWSLambdaException",
  "Lambda.SdkClientException",
  "Lambda.Unknown",
];
const storeFailures = [new StoreUnavailable().name, new StoreContention().name];
const acquirerUnavailable = new AcquirerUnavailable().name;

describe("what a step throws so that it may run again is retried", () => {
  test.each([
    { name: "TakeUp", state: TakeUp, errors: ["StoreUnavailable"] },
    { name: "TakeUp of a refund", state: TakeUpRefund, errors: ["StoreUnavailable"] },
    { name: "Transfer", state: Transfer, errors: storeFailures },
    { name: "Resume", state: Resume, errors: [...storeFailures, acquirerUnavailable] },
    { name: "Post", state: Post, errors: storeFailures },
    { name: "Settle", state: Settle, errors: [...storeFailures, acquirerUnavailable] },
    { name: "Compensate", state: Compensate, errors: [...storeFailures, acquirerUnavailable] },
    { name: "Hold", state: Hold, errors: storeFailures },
    { name: "GiveBack", state: GiveBack, errors: [...storeFailures, acquirerUnavailable] },
  ])("$name", ({ state, errors }) => {
    expect(retriedBy(state).toSorted()).toEqual([...errors, ...lostInvocations].toSorted());
  });
});

test("Authorize is retried only when certainly nobody was asked", () => {
  const neverAsked = ["VaultUnavailable", "Lambda.TooManyRequestsException"];
  expect(retriedBy(Authorize).toSorted()).toEqual(neverAsked.toSorted());
});

test("Review is retried whatever it throws: after it there is nobody else", () => {
  expect(retriedBy(Review)).toEqual(["States.ALL"]);
  expect(retriedBy(ReviewRefund)).toEqual(["States.ALL"]);
});

test.each([
  { name: "transfer", state: Transfer },
  { name: "authorize", state: Authorize },
  { name: "resume", state: Resume },
  { name: "post", state: Post },
  { name: "settle", state: Settle },
  { name: "compensate", state: Compensate },
  { name: "hold", state: Hold },
  { name: "give_back", state: GiveBack },
])("whatever is left of a lost $name goes to Review, under its name", ({ name, state }) => {
  const [caught, ...more] = state.Catch;
  expect(more).toEqual([]);
  expect(caught).toMatchObject({ ErrorEquals: ["States.ALL"], Next: "Review" });
  // An object, or an expression that makes one and leaves out what is not there.
  const Output: unknown = caught?.Output;
  if (typeof Output === "string") expect(Output).toContain(`'step': '${name}'`);
  else expect(Output).toMatchObject({ step: name });
});
