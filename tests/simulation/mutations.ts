import { fence } from "#adapters/dynamodb/fence.ts";
import {
  accountsFirst,
  asking,
  captureKeys,
  changed,
  committing,
  compensatedWhenLost,
  finished,
  isJournal,
  isStored,
  notRetried,
  onlyFailedConditions,
  puts,
  recoded,
  replayAsSuperseded,
  supersededAsApplied,
  transacts,
  withAcquirer,
} from "./alterations.ts";
import { disputeMutations } from "./dispute-mutations.ts";
import type { FaultOptions, FaultRates } from "./faults.ts";
import { type History, simulate } from "./history.ts";
import type { Alterations } from "./world.ts";

/** One thing taken out of the code under test, at its edge: some history must notice. */
export interface Mutation {
  readonly without: string;
  /** The invariants that may notice it first. */
  readonly breaks: readonly string[];
  readonly alterations: Partial<Alterations>;
  /** Where to look: faults that bring the thing into play. */
  readonly rates: FaultRates;
  /** What it takes is of disputes: every payment has one. */
  readonly allDenied?: true;
}

/** Under what histories are looked through for it. */
export const optionsOf = ({ rates, allDenied }: Mutation): FaultOptions =>
  allDenied === undefined ? { rates } : { rates, allDenied };

const restored: FaultRates = { store_restored: 0.5, store_gone_after_write: 0.4, store_reply_lost: 0.3 };

/** A process of the region that was left stands still, and wakes beside those of the other. */
const handedOver: FaultRates = { handed_over: 0.2, stall: 0.2, zombie: 0.8, saga_twice: 0.5 };

/** Every condition that the store sends. */
const conditions: readonly Mutation[] = [
  {
    without: "attribute_not_exists on a payment's insert",
    breaks: ["transitions", "one_payment", "told"],
    alterations: { command: puts("attribute_not_exists(pk)") },
    rates: { record_lost: 0.5 },
  },
  {
    without: "the version on a payment's put",
    breaks: ["transitions", "holds"],
    alterations: { command: puts("version = :version") },
    rates: { saga_twice: 0.5 },
  },
  {
    without: "the version of a payment in a transaction",
    breaks: ["transitions", "holds", "refunds"],
    alterations: { command: transacts(isStored("payment"), (term) => term.startsWith("version")) },
    rates: { saga_twice: 0.5, store_gone_after_write: 0.2 },
  },
  {
    without: "the version of a refund in a transaction",
    // The entry of the same transaction notices it too: then the store says that the journal is not ahead.
    breaks: ["transitions", "append_only", "refunds", "unforeseen"],
    alterations: { command: transacts(isStored("refund"), (term) => term.startsWith("version")) },
    rates: { saga_twice: 0.5, store_gone_after_write: 0.2, stall: 0.1, zombie: 0.6 },
  },
  {
    without: "attribute_not_exists on a refund's beginning",
    breaks: ["transitions", "refunds"],
    alterations: {
      command: transacts(isStored("refund"), (term) => term.startsWith("attribute_not_exists")),
    },
    rates: { record_lost: 1, stall: 0.25 },
  },
  {
    without: "attribute_not_exists on an entry",
    breaks: ["append_only"],
    alterations: { command: transacts(isJournal("entry"), () => true) },
    rates: restored,
  },
  {
    without: "attribute_not_exists on a resolution",
    breaks: ["append_only"],
    alterations: { command: transacts(isJournal("resolution"), () => true) },
    rates: restored,
  },
  ...["currency", "#condition", "debit_room", "credit_room"].map(
    (term): Mutation => ({
      without: `${term} on a guarded account`,
      breaks: ["guarded", "fold", "unreadable"],
      alterations: {
        command: transacts(
          (item) => item.Update !== undefined,
          (condition) => condition.startsWith(`${term} `),
        ),
      },
      rates: {},
    }),
  ),
  {
    without: "the fence on a payment's put",
    breaks: ["epoch"],
    alterations: { command: puts(fence) },
    rates: handedOver,
  },
  {
    // A refund's own fence is second to its payment's in all but its hold: tests/contract/fence.test.ts takes that one.
    without: "the fence on a payment in a transaction",
    breaks: ["epoch"],
    alterations: { command: transacts(isStored("payment"), (term) => term === fence) },
    rates: handedOver,
  },
  {
    without: "the fence on a guarded account",
    breaks: ["epoch"],
    alterations: {
      command: transacts(
        (item) => item.Update !== undefined,
        (term) => term === fence,
      ),
    },
    rates: handedOver,
  },
];

/** What the store makes of DynamoDB's answers. */
const answers: readonly Mutation[] = [
  {
    without: "the end of retries at a failed condition",
    breaks: ["needless_failure"],
    alterations: { reasons: recoded("ConditionalCheckFailed", "TransactionConflict") },
    rates: { saga_twice: 0.5, store_gone_after_write: 0.2 },
  },
  {
    without: "the difference between contention and refusal",
    breaks: ["unforeseen", "false_refusal"],
    alterations: { reasons: recoded("TransactionConflict", "ConditionalCheckFailed") },
    rates: { store_conflict: 0.25 },
  },
  {
    without: "the word of a payment that other transactions hold",
    breaks: ["unforeseen", "false_refusal"],
    alterations: { reasons: onlyFailedConditions },
    rates: { store_conflict: 0.5, store_gone_after_write: 0.3, saga_twice: 0.3 },
  },
  {
    without: "the precedence of a payment over its accounts",
    breaks: ["false_refusal"],
    alterations: { reasons: accountsFirst },
    rates: { store_gone_after_write: 0.4 },
  },
  {
    without: "the recognition of a replay",
    breaks: ["liveness", "agreement"],
    alterations: { ports: committing(replayAsSuperseded) },
    rates: { store_gone_after_write: 0.3 },
  },
  {
    without: "the difference between superseded and applied",
    breaks: ["told"],
    alterations: { ports: committing(supersededAsApplied) },
    rates: { saga_twice: 0.5 },
  },
];

const unknownCalls: FaultRates = { acquirer_reply_lost: 0.3, acquirer_server_error: 0.2 };

/** What the saga and its steps decide. */
const decisions: readonly Mutation[] = [
  {
    without: "the rule that a lost Authorize is not tried again",
    breaks: ["one_reference", "agreement"],
    alterations: {
      machines: changed("payment", "Authorize", (state) => ({
        ...state,
        Retry: [{ ErrorEquals: ["States.ALL"], MaxAttempts: 3 }],
      })),
    },
    rates: { crash: 0.15, acquirer_refuses: 0.3, stall: 0 },
  },
  {
    without: "the rule that an unknown authorization does not fail over",
    breaks: ["one_reference", "agreement"],
    alterations: {
      ports: asking("authorize", (outcome) =>
        outcome.kind === "unknown" ? { kind: "not_attempted", reason: outcome.reason } : outcome,
      ),
    },
    rates: unknownCalls,
  },
  {
    without: "the rule that an unknown capture is not compensated",
    breaks: ["blind_void"],
    alterations: {
      ports: asking("capture", (outcome) =>
        outcome.kind === "unknown" ? { kind: "declined", code: "operation_refused" } : outcome,
      ),
    },
    rates: unknownCalls,
  },
  {
    without: "the rule that a lost Post is not compensated",
    breaks: ["agreement", "liveness"],
    alterations: { machines: changed("payment", "Post", compensatedWhenLost) },
    rates: { invocation_answer_lost: 0.6, crash: 0.05 },
  },
  {
    without: "the rule that a lost Settle is not compensated",
    breaks: ["blind_void"],
    alterations: { machines: changed("payment", "Settle", compensatedWhenLost) },
    rates: { invocation_answer_lost: 0.5, store_gone_after_write: 0.3 },
  },
  {
    without: "the retry of a Settle that died",
    breaks: ["given_up_early"],
    alterations: { machines: changed("payment", "Settle", notRetried("Runtime.ExitError")) },
    rates: { crash: 0.1 },
  },
  {
    without: "the review of a lost Authorize",
    breaks: ["liveness"],
    alterations: { machines: changed("payment", "Authorize", (state) => ({ ...state, Catch: finished })) },
    rates: { crash: 0.2 },
  },
  {
    without: "the release of an authorization that came second",
    breaks: ["one_reference", "agreement"],
    alterations: {
      machines: changed("payment", "IsHeld", ({ Choices, ...state }) => ({
        ...state,
        Choices: (Choices as []).slice(1),
      })),
    },
    rates: { saga_twice: 0.6, acquirer_refuses: 0.3 },
  },
  {
    without: "the check of an authorization's expiry",
    breaks: ["expiry"],
    alterations: {
      ports: (ports, name) => (name === "settle" ? { ...ports, now: () => 0 } : ports),
    },
    rates: { authorization_short: 0.5 },
  },
  {
    without: "the inquiry before something is asked for again",
    breaks: ["inquire_first"],
    alterations: {
      ports: (ports) =>
        withAcquirer(ports, (acquirer) => ({ ...acquirer, inquire: async () => ({ kind: "not_found" }) })),
    },
    rates: { crash: 0.15, acquirer_reply_lost: 0.2 },
  },
  {
    without: "the difference between a refund's failure and its unknown end",
    breaks: ["agreement"],
    alterations: {
      ports: asking("refund", (outcome) =>
        outcome.kind === "unknown" ? { kind: "declined", code: "operation_refused" } : outcome,
      ),
    },
    rates: unknownCalls,
  },
  {
    without: "what the recovery does about what it found",
    breaks: ["liveness"],
    alterations: {
      machines: changed("recovery", "WhatWasFound", (state) => ({ ...state, Choices: [], Default: "Done" })),
    },
    rates: unknownCalls,
  },
  {
    without: "the reversal of what nobody knows of",
    breaks: ["agreement", "one_reference"],
    alterations: {
      ports: (ports) =>
        withAcquirer(ports, (acquirer) => ({
          ...acquirer,
          reverse: async () => ({ kind: "approved", reference: "unasked" }),
        })),
    },
    rates: { acquirer_slow: 0.4, acquirer_request_lost: 0.1 },
  },
  {
    without: "the search for what a second run left at an acquirer",
    breaks: ["agreement", "one_reference"],
    alterations: {
      machines: changed("payment", "ReportStray", () => ({
        Type: "Pass",
        Output: { payment: "{% $states.input.payment %}" },
        Next: "Done",
      })),
    },
    rates: { saga_twice: 0.6, acquirer_not_accepted: 0.3, acquirer_refuses: 0.2, acquirer_slow: 0.3 },
  },
  {
    without: "what follows when a refund's money is set aside",
    breaks: ["liveness"],
    alterations: {
      machines: changed("refund", "Hold", (state) => ({ ...state, Next: "Done" })),
    },
    rates: {},
  },
  {
    without: "one key per capture",
    breaks: ["blind_void", "inquire_first"],
    alterations: { ports: captureKeys },
    rates: { crash: 0.15, acquirer_reply_lost: 0.2, store_gone_after_write: 0.2 },
  },
  {
    without: "one unit of each capture",
    breaks: ["agreement"],
    alterations: {
      ports: (ports) =>
        withAcquirer(ports, (acquirer) => ({
          ...acquirer,
          capture: (request) =>
            acquirer.capture({
              ...request,
              amount: request.amount > 1n ? request.amount - 1n : request.amount,
            }),
        })),
    },
    rates: {},
  },
];

export const mutations: readonly Mutation[] = [...conditions, ...answers, ...decisions, ...disputeMutations];

/**
 * Runs histories of the mutated system from this seed on, at most `historiesMax`, until one breaks an invariant that
 * the mutation is known to break.
 */
export async function hunt(
  mutation: Mutation,
  seed: number,
  historiesMax: number,
): Promise<{ readonly histories: number; readonly found: History | undefined }> {
  const { alterations, breaks } = mutation;
  for (let n = 1; n <= historiesMax; n += 1) {
    const history = await simulate(seed + n - 1, optionsOf(mutation), alterations);
    if (history.finding !== undefined && breaks.includes(history.finding.invariant))
      return { histories: n, found: history };
  }
  return { histories: historiesMax, found: undefined };
}
