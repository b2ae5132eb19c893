import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { authorizationRecord, toRecord } from "#core/payments/record.ts";
import { toRefundRecord } from "#core/payments/refund-record.ts";
import type { Json } from "#local/stepfunctions/json.ts";
import type { ServiceCall, ServiceInvoker } from "#local/stepfunctions/service-invoker.ts";
import { run } from "#local/stepfunctions/testing/run.ts";
import { exampleAuthorization, examplePayment, exampleRefund, noon } from "#tests/support/examples.ts";
import { takeInput } from "#workflows/recovery/contract.ts";
import { giveBackInput, holdRefundInput, reviewRefundInput } from "#workflows/refund/contract.ts";
import refundMachine from "#workflows/refund/machine.asl.json" with { type: "json" };
import {
  authorizeInput,
  compensateInput,
  postInput,
  resumeInput,
  reviewInput,
  settleInput,
  transferInput,
} from "./contract.ts";
import machine from "./machine.asl.json" with { type: "json" };

/** Which tasks the sagas call, in which order and with what: their answers are told, their inputs are the contract's. */

const inputs: Readonly<Record<string, z.ZodType>> = {
  Transfer: transferInput,
  Authorize: authorizeInput,
  Resume: resumeInput,
  Post: postInput,
  Settle: settleInput,
  Compensate: compensateInput,
  Review: reviewInput,
  HoldRefund: holdRefundInput,
  GiveBack: giveBackInput,
  ReviewRefund: reviewRefundInput,
  Recover: takeInput,
};

/** A task's output, or the name of what it throws each time. */
type Answers = Readonly<Record<string, object | string>>;

async function play(states: object, input: object, answers: Answers) {
  const named = JSON.parse(JSON.stringify(states).replaceAll(/\$\{(\w+?)(?:FunctionArn|QueueUrl)\}/g, "$1"));
  const calls: { readonly task: string; readonly payload: unknown }[] = [];
  const functions = Object.fromEntries(
    Object.entries(inputs).map(([task, schema]) => [
      task,
      async (event: unknown) => {
        expect(schema.safeParse(event).error).toBeUndefined();
        calls.push({ task, payload: event });
        const answer = answers[task] ?? {};
        return typeof answer === "string" ? { throws: answer } : { returns: answer as never };
      },
    ]),
  );
  const sent: ServiceCall["parameters"][] = [];
  const services: ServiceInvoker = {
    call: async ({ action, parameters }) => {
      expect(action).toBe("SendMessage");
      sent.push(parameters);
      const output = { MessageId: "m-1" };
      const contentType = "application/x-amz-json-1.0";
      return { kind: "answered", statusCode: 200, output, requestId: "r-1", contentLength: 20, contentType };
    },
  };
  const { outcome } = await run(named, { input: input as Json, functions, services });
  return { calls, tasks: calls.map(({ task }) => task), outcome, sent };
}

const authorization = authorizationRecord(exampleAuthorization);
const payment = toRecord(examplePayment());
const authorized = toRecord(examplePayment({ state: "authorized", authorization: exampleAuthorization }));
const manual = { ...authorized, capture: "manual" } as const;
const capturing = {
  ...manual,
  pending_operation: { kind: "capture", amount: 60_00, started_at: noon },
} as const;
const wallet = { ...payment, method: { type: "account", account: "acc_ann" } } as const;
const concluded = { outcome: "concluded", payment: manual };
const captured = { outcome: "captured", payment: authorized };
const refused = { outcome: "refused", payment: authorized, authorization, reason: "operation_refused" };

// biome-ignore format: a table is read in rows
test.each<{ what: string; input: object; answers: Answers; tasks: string[] }>([
  { what: "a card is authorized, held and captured",      input: { payment },                               answers: { Authorize: { outcome: "approved", payment, authorization }, Post: { outcome: "held", payment: authorized }, Settle: captured }, tasks: ["Authorize", "Post", "Settle"] },
  { what: "a decline ends it",                            input: { payment },                               answers: { Authorize: concluded },                               tasks: ["Authorize"] },
  { what: "a manual capture is waited for",               input: { payment },                               answers: { Authorize: { outcome: "approved", payment, authorization }, Post: { outcome: "held", payment: manual } }, tasks: ["Authorize", "Post"] },
  { what: "a wallet asks nobody",                         input: { payment: wallet },                       answers: { Transfer: captured },                                 tasks: ["Transfer"] },
  { what: "what waited is asked about, and goes on",      input: { payment, step: "resume" },               answers: { Resume: { outcome: "approved", payment, authorization }, Post: { outcome: "held", payment: authorized }, Settle: captured }, tasks: ["Resume", "Post", "Settle"] },
  { what: "what still waits is left",                     input: { payment, step: "resume" },               answers: { Resume: concluded },                                  tasks: ["Resume"] },
  { what: "what waited for too long is let go",           input: { payment, step: "resume" },               answers: { Resume: { outcome: "overdue", payment, reason: "expired" }, Compensate: concluded }, tasks: ["Resume", "Compensate"] },
  { what: "what was found is posted, and goes on",        input: { payment, step: "post", authorization },  answers: { Post: { outcome: "held", payment: authorized }, Settle: captured }, tasks: ["Post", "Settle"] },
  { what: "a capture that was asked for goes on, too",    input: { payment, step: "post", authorization },  answers: { Post: { outcome: "held", payment: capturing }, Settle: captured }, tasks: ["Post", "Settle"] },
  { what: "what cannot be posted is released",            input: { payment, step: "post", authorization },  answers: { Post: refused, Compensate: concluded },               tasks: ["Post", "Compensate"] },
  { what: "a capture is asked for",                       input: { payment: capturing, step: "settle" },    answers: { Settle: captured },                                   tasks: ["Settle"] },
  { what: "a refused capture releases what it was for",   input: { payment: capturing, step: "settle" },    answers: { Settle: refused, Compensate: concluded },             tasks: ["Settle", "Compensate"] },
  { what: "a cancellation is asked for",                  input: { payment: manual, step: "compensate", authorization, reason: "requested" }, answers: { Compensate: concluded },    tasks: ["Compensate"] },
  { what: "a lost step is reviewed",                      input: { payment: capturing, step: "settle" },    answers: { Settle: "Broken", Review: concluded },                tasks: ["Settle", "Review"] },
])("$what: $tasks", async ({ input, answers, tasks }) => {
  const played = await play(machine.States, input, answers);
  expect(played.outcome.status).toBe("SUCCEEDED");
  expect(played.tasks).toEqual(tasks);
});

test.each([
  {
    what: "Authorize",
    input: { payment },
    answers: { Authorize: { outcome: "stray", payment: authorized } },
  },
  {
    what: "Compensate",
    input: { payment, step: "compensate", authorization, reason: "superseded" },
    answers: { Compensate: { outcome: "stray", payment: authorized } },
  },
  {
    what: "Review",
    input: { payment },
    answers: { Authorize: "Broken", Review: { outcome: "stray", payment: authorized } },
  },
])("what $what may have left at an acquirer is handed to the checks", async ({ input, answers }) => {
  const { sent, outcome } = await play(machine.States, input, answers);
  expect(outcome).toMatchObject({ status: "SUCCEEDED", output: { payment: authorized } });
  const { book, id, version } = authorized;
  expect(sent.map(({ QueueUrl, MessageBody }) => [QueueUrl, JSON.parse(String(MessageBody))])).toEqual([
    ["Checks", { book, payment: id, version, strays: true }],
  ]);
});

describe("what is handed on", () => {
  test("a cancellation without an authorization hands none to its tasks, and none to their review", async () => {
    const input = { payment, step: "compensate", reason: "requested" };
    const { calls, outcome } = await play(machine.States, input, { Compensate: "Broken", Review: concluded });
    expect(outcome.status).toBe("SUCCEEDED");
    expect(calls.map(({ payload }) => payload)).toEqual([
      { payment, reason: "requested", execution: expect.any(String), attempt: 0 },
      { payment, step: "compensate", error: "Broken" },
    ]);
  });

  test.each([
    { task: "Settle", input: { payment: capturing, step: "settle" } },
    {
      task: "Compensate",
      input: { payment: manual, step: "compensate", authorization, reason: "requested" },
    },
  ])(
    "$task knows how often it may have been asked: by earlier runs, and by this one",
    async ({ task, input }) => {
      const attempts = async (more: object) => {
        const answers = { [task]: "StoreUnavailable", Review: concluded };
        const { calls } = await play(machine.States, { ...input, ...more }, answers);
        return attemptsOf(calls, task);
      };
      expect(await attempts({})).toEqual([0, 1, 2]);
      expect(await attempts({ attempt: 3 })).toEqual([3, 4, 5]);
    },
  );
});

const attemptsOf = (calls: Awaited<ReturnType<typeof play>>["calls"], name: string) =>
  calls.filter(({ task }) => task === name).map(({ payload }) => (payload as { attempt: number }).attempt);

describe("a refund", () => {
  const refund = toRefundRecord(exampleRefund());
  const held = { ...refund, held: true };
  const of = { payment: authorized, refund };

  // biome-ignore format: a table is read in rows
  test.each<{ what: string; answers: Answers; tasks: string[] }>([
    { what: "is held, then given back",             answers: { HoldRefund: { outcome: "held", ...of, refund: held }, GiveBack: { outcome: "concluded", ...of } },         tasks: ["HoldRefund", "GiveBack"] },
    { what: "that nobody can hold asks nobody",     answers: { HoldRefund: { outcome: "concluded", ...of } },                                                         tasks: ["HoldRefund"] },
    { what: "whose hold is lost is reviewed",       answers: { HoldRefund: "Broken", ReviewRefund: { outcome: "concluded", ...of } },                                 tasks: ["HoldRefund", "ReviewRefund"] },
    { what: "whose answer is lost is reviewed",     answers: { HoldRefund: { outcome: "held", ...of, refund: held }, GiveBack: "Broken", ReviewRefund: { outcome: "concluded", ...of } }, tasks: ["HoldRefund", "GiveBack", "ReviewRefund"] },
  ])("$what: $tasks", async ({ answers, tasks }) => {
    const played = await play(refundMachine.States, of, answers);
    expect(played.tasks).toEqual(tasks);
    expect(played.outcome).toMatchObject({ status: "SUCCEEDED", output: of });
  });

  test("knows how often it may have been asked for", async () => {
    const answers = {
      HoldRefund: { outcome: "held", ...of, refund: held },
      GiveBack: "AcquirerUnavailable",
      ReviewRefund: { outcome: "concluded", ...of },
    };
    const once = await play(refundMachine.States, of, answers);
    expect(attemptsOf(once.calls, "GiveBack")).toEqual([0, 1, 2]);
    const again = await play(refundMachine.States, { ...of, attempt: 1 }, answers);
    expect(attemptsOf(again.calls, "GiveBack")).toEqual([1, 2, 3]);
  });
});

describe("what the recovery names", () => {
  const written = { ...capturing, description: "a gift for Ann", text_key: "k" };
  const take = { book: written.book, payment: written.id, version: written.version };
  const { id, state, capture, pending_operation } = written;
  const refund = { ...toRefundRecord(exampleRefund()), reason: "Ann is ill" };

  test("is taken up whole by the payment saga, which answers without what people wrote", async () => {
    const input = { take, step: "settle", attempt: 1 };
    const settled = { outcome: "concluded", payment: written };
    const answers = { Recover: { outcome: "taken", payment: written }, Settle: settled };
    const { calls, outcome } = await play(machine.States, input, answers);
    expect(calls).toEqual([
      { task: "Recover", payload: { take } },
      { task: "Settle", payload: { payment: written, execution: expect.any(String), attempt: 1 } },
    ]);
    const output = { payment: { id, state, capture, pending_operation } };
    expect(outcome).toMatchObject({ status: "SUCCEEDED" });
    expect("output" in outcome && outcome.output).toEqual(output);
  });

  test("is taken up with its refund by the refund saga", async () => {
    const taken = { outcome: "taken", payment: written, refund };
    const answers = { Recover: taken, HoldRefund: { ...taken, outcome: "concluded" } };
    const { calls, outcome } = await play(refundMachine.States, { take, attempt: 1 }, answers);
    expect(calls).toEqual([
      { task: "Recover", payload: { take } },
      { task: "HoldRefund", payload: { payment: written, refund, execution: expect.any(String) } },
    ]);
    expect("output" in outcome && outcome.output).toEqual({ refund: { id: refund.id, state: refund.state } });
  });

  test.each([
    {
      saga: "payment",
      states: machine.States,
      output: { payment: { id, state, capture, pending_operation } },
    },
    {
      saga: "refund",
      states: refundMachine.States,
      output: { refund: { id: refund.id, state: refund.state } },
    },
  ])("is left by the $saga saga when it has moved on", async ({ states, output }) => {
    const answers = { Recover: { outcome: "concluded", payment: written, refund } };
    const { tasks, outcome } = await play(states, { take, step: "settle", attempt: 1 }, answers);
    expect(tasks).toEqual(["Recover"]);
    expect("output" in outcome && outcome.output).toEqual(output);
  });

  test("is left by the refund saga when there is no refund any more", async () => {
    const answers = { Recover: { outcome: "concluded", payment: written } };
    const { outcome } = await play(refundMachine.States, { take, attempt: 1 }, answers);
    expect(outcome.status).toBe("SUCCEEDED");
  });
});
