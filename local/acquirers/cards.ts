import type { DeclineCode } from "#core/acquiring/declines.ts";
import type { Act } from "./records.ts";

export interface CardBehaviour {
  readonly authorize: Act;
  readonly capture: Act;
  /** Each of them. */
  readonly refund: Act;
  /** The acquirer that promises, for this card, to have executed nothing. */
  readonly notAcceptedBy?: string;
}

/** The acquirer that is asked first. Its name, because a server knows nothing of its rank. */
const primary = "alpha";

export const approves: Act = { decides: "approved", answer: "sent", thinksMs: 0 };
const declines = (code: DeclineCode): Act => ({ ...approves, decides: { declined: code } });

const approved: CardBehaviour = { authorize: approves, capture: approves, refund: approves };
const declined = (code: DeclineCode): CardBehaviour => ({ ...approved, authorize: declines(code) });

/** The sandbox's cards. A number that is not here is declined as `do_not_honor`. */
const cards: ReadonlyMap<string, CardBehaviour> = new Map<string, CardBehaviour>([
  ["4242424242424242", approved],
  ["5555555555554444", approved],
  ["378282246310005", approved],
  ["4000000000000002", declined("do_not_honor")],
  ["4000000000009995", declined("insufficient_funds")],
  ["4000000000009987", declined("lost_card")],
  ["4000000000009979", declined("stolen_card")],
  ["4000000000000069", declined("expired_card")],
  ["4000000000000127", declined("incorrect_cvc")],
  ["4000000000000119", declined("processing_error")],
  ["4000003800000446", { ...approved, authorize: { ...approves, decides: { pending: "customer" } } }],
  ["4000000000005001", { ...approved, authorize: { ...approves, answer: "withheld" } }],
  ["4000000000005019", { ...approved, authorize: { ...approves, decides: "nothing", answer: "withheld" } }],
  ["4000000000005027", { ...approved, authorize: { ...approves, answer: "server_error" } }],
  ["4000000000005035", { ...approved, authorize: { ...approves, thinksMs: 3_000 } }],
  ["4000000000005043", { ...approved, notAcceptedBy: primary }],
  ["4000000000005050", { ...approved, capture: { ...approves, answer: "withheld" } }],
  ["4000000000005068", { ...approved, capture: declines("operation_refused") }],
  ["4000000000005076", { ...approved, refund: { ...approves, answer: "withheld" } }],
  ["4000000000005084", { ...approved, authorize: { ...approves, decides: { pending: "later" } } }],
]);

const unlisted = declined("do_not_honor");

export const behaviourOf = (number: string): CardBehaviour => cards.get(number) ?? unlisted;
