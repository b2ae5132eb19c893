import { fence } from "#adapters/dynamodb/fence.ts";
import {
  changed,
  isEntryOf,
  isSettling,
  isStored,
  overtakenAsApplied,
  putsTo,
  transacts,
  withDesk,
} from "./alterations.ts";
import type { FaultRates } from "./faults.ts";
import type { Mutation } from "./mutations.ts";

const isNew = (term: string): boolean => term.startsWith("attribute_not_exists");
const isVersion = (term: string): boolean => term.startsWith("version");

/** A look goes on beside the next one, or beside what the merchant says. */
const beside: FaultRates = { stall: 0.06, zombie: 0.8, invocation_answer_late: 0.2 };
/** What comes back before it is disputed, or settles, is not looked at any more: not too often. */
const restored: FaultRates = { store_restored: 0.2, store_gone_after_write: 0.2 };
const handedOver: FaultRates = { handed_over: 1, stall: 0.1, zombie: 1 };

/** What is taken from the code that deals with disputes and settlement. */
const disputesAndSettlement: readonly Mutation[] = [
  {
    without: "attribute_not_exists on a dispute's opening",
    // Its entry's condition stands behind it, and says that the journal is not ahead.
    breaks: ["transitions", "append_only", "unforeseen"],
    alterations: { command: transacts(isStored("dispute"), isNew) },
    rates: beside,
  },
  {
    without: "the version of a dispute in a transaction",
    breaks: ["transitions", "append_only", "unforeseen"],
    alterations: { command: transacts(isStored("dispute"), isVersion) },
    rates: beside,
  },
  {
    without: "the fence on a dispute in a transaction",
    breaks: ["epoch"],
    alterations: { command: transacts(isStored("dispute"), (term) => term === fence) },
    rates: handedOver,
  },
  {
    without: "attribute_not_exists on a chargeback's entry, and on its return's",
    breaks: ["append_only"],
    alterations: { command: transacts(isEntryOf(/^chargeback/), isNew) },
    rates: restored,
  },
  {
    without: "the currency of an account to which a chargeback is forced",
    breaks: ["guarded"],
    alterations: {
      command: transacts(
        ({ Update: update }) => update?.Key?.["pk"]?.S?.includes(":2110:") === true,
        (term) => term.startsWith("currency "),
      ),
    },
    rates: {},
  },
  {
    without: "attribute_not_exists on the opening of an account",
    breaks: ["guarded", "fold"],
    alterations: { command: putsTo("ledger", "attribute_not_exists(pk)") },
    rates: beside,
  },
  {
    without: "the version of a payment that settles",
    breaks: ["transitions", "holds", "append_only"],
    alterations: { command: transacts(isSettling, isVersion) },
    rates: beside,
  },
  {
    without: "attribute_not_exists on a settlement's entry",
    breaks: ["append_only"],
    alterations: { command: transacts(isEntryOf(/^settle$/), isNew) },
    rates: restored,
  },
  {
    without: "the difference between a dispute's write that was overtaken and one that was done",
    breaks: ["told"],
    alterations: { ports: overtakenAsApplied },
    rates: { stall: 0.06, zombie: 0.8 },
  },
  {
    without: "the wait of a dispute's saga",
    breaks: ["liveness"],
    alterations: {
      machines: changed("dispute", "WhatWasFound", (state) => ({ ...state, Choices: [], Default: "Done" })),
    },
    rates: {},
  },
  {
    without: "the retries of a look at a dispute",
    breaks: ["given_up_early"],
    alterations: { machines: changed("dispute", "Look", (state) => ({ ...state, Retry: [] })) },
    rates: { crash: 0.1, store_throttled: 0.1 },
  },
  {
    without: "what an acquirer says of the end of a dispute",
    breaks: ["agreement", "liveness"],
    alterations: {
      ports: withDesk((desk) => ({
        inquireDispute: async (request) => {
          const said = await desk.inquireDispute(request);
          return said.kind === "found" && said.state === "won" ? { ...said, state: "lost" } : said;
        },
      })),
    },
    rates: {},
  },
  {
    without: "the question before evidence is brought again",
    breaks: ["inquire_first"],
    alterations: {
      ports: withDesk(() => ({
        inquireDispute: async () => ({ kind: "found", state: "open", evidence: [] }),
      })),
    },
    rates: {},
  },
  {
    without: "one key per piece of evidence",
    breaks: ["agreement"],
    alterations: {
      ports: withDesk((desk) => ({
        submitEvidence: (request) => desk.submitEvidence({ ...request, key: `${request.key}.${Date.now()}` }),
      })),
    },
    rates: { acquirer_reply_lost: 0.2 },
  },
];

export const disputeMutations: readonly Mutation[] = disputesAndSettlement.map((mutation) => ({
  ...mutation,
  allDenied: true,
}));
