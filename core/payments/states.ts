/**
 * Where a payment can be, and where it can go from there. The only table: nothing else decides a transition.
 *
 * - `processing`: created; nothing is known to have happened at an acquirer yet.
 * - `requires_action`: the customer must act (3DS), or the acquirer decides later.
 * - `authorized`: money is held at the acquirer and in the ledger.
 * - `captured`: taken; owed to the merchant.
 * - `settled`: the acquirer paid it out to us, and the merchant's part is its own. Set by the reconciler alone.
 * - `declined`: refused by the issuer or the acquirer.
 * - `failed`: no acquirer holds anything: nobody executed it, or what was authorized was voided before it was posted.
 * - `canceled`, `expired`: the authorization was released by us, or by time.
 * - `in_review`: an outcome is unknown and a person, or later evidence, decides.
 */
const transitions = {
  processing: ["requires_action", "authorized", "captured", "declined", "failed", "in_review"],
  requires_action: ["processing", "expired", "canceled"],
  authorized: ["captured", "canceled", "expired", "in_review"],
  in_review: ["authorized", "captured", "declined", "failed", "canceled"],
  captured: ["settled"],
  settled: [],
  declined: [],
  failed: [],
  canceled: [],
  expired: [],
} as const satisfies Record<string, readonly string[]>;

export type PaymentState = keyof typeof transitions;

export const paymentStates = Object.keys(transitions) as readonly PaymentState[];

export const isPaymentState = (text: string): text is PaymentState => Object.hasOwn(transitions, text);

export function mayMove(from: PaymentState, to: PaymentState): boolean {
  const targets: readonly PaymentState[] = transitions[from];
  return targets.includes(to);
}

/** No transition leaves it. A captured payment still settles, so it is final for the caller but not terminal. */
export const isTerminal = (state: PaymentState): boolean => transitions[state].length === 0;
