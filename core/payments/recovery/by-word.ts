import type { Inquiry } from "../../acquiring/outcome.ts";
import { absurd } from "../../kernel/invariant.ts";
import { concludeAuthorization, fail } from "../decide.ts";
import { operationKey, reversalKey } from "../ids.ts";
import type { PaymentWord } from "../operator-word.ts";
import { type Authorization, isSameAuthorization, type Payment, type Review } from "../payment.ts";
import { record } from "../steps/record.ts";
import { concluded, type Found, type Look, type RecoveryPorts } from "./found.ts";
import { type Answer, approvalIn, closeAll, inquire, inquireAll, isPending } from "./inquiries.ts";

/*
 * What follows from an operator's word. The acquirers are asked first: one that knows better overrules it. What then
 * follows is what an inquiry with that answer would lead to, by the same steps.
 */

/** What stands against a word, in words; or what follows from it. */
type Followed = { readonly against: string } | Found;

/** @returns what follows; or nothing more than that an acquirer overruled it: the next reminder finds the payment so. */
export async function followWord(
  ports: RecoveryPorts,
  payment: Extract<Payment, { state: "in_review" }>,
  word: PaymentWord,
  /** Acquirers that may hold something for it. */
  names: readonly string[],
  look: Look,
): Promise<Found> {
  const { authorization } = payment;
  const followed =
    authorization === undefined
      ? await followUnheld(ports, payment, word, names, look)
      : await followHeld(ports, { payment, authorization, word, names }, look);
  if (!("against" in followed)) return followed;
  const overruled = { type: "operator_overruled", says: followed.against } as const;
  return concluded(await record(ports, payment, overruled));
}

/** Nothing is held in the ledger: somebody approved it, or declined it, or nobody has executed it and nobody will. */
async function followUnheld(
  ports: RecoveryPorts,
  payment: Extract<Payment, { state: "in_review" }>,
  word: PaymentWord,
  names: readonly string[],
  look: Look,
): Promise<Followed> {
  const unvoided = await unvoidedIn(ports, payment, payment.review, look);
  if (unvoided !== undefined) return compensation(payment, unvoided);
  const answers = await inquireAll(ports, payment, names, look);
  const against = answers.flatMap((answer) => saysAgainst(payment, word, answer));
  if (against.length > 0) return { against: against.join("; ") };
  // Nobody may take it later: what is not known to be over is closed, as far as it can be.
  const holder = word.as === "authorized" ? word.authorization.acquirer : undefined;
  const isOver = ({ inquiry }: Answer) => inquiry.kind === "found" && inquiry.outcome.kind === "declined";
  const toClose = answers.filter((answer) => answer.acquirer !== holder && !isOver(answer));
  const open = await closeAll(
    ports,
    payment,
    toClose.map(({ acquirer }) => acquirer),
    look.deadline,
  );
  const pending = toClose.filter((answer) => isPending(answer) && open.includes(answer.acquirer));
  if (pending.length > 0)
    return {
      against: pending.map(({ acquirer }) => `${acquirer} still decides, and does not let go`).join("; "),
    };
  return { ...(await conclude(ports, payment, word)), ...straysIn(open, word) };
}

/**
 * That nobody executed it is said of every acquirer. What one acquirer did says nothing of the others: those that have
 * not let go are looked after (ADR 34).
 */
function straysIn(open: readonly string[], word: PaymentWord): { readonly strays?: true } {
  const meant = word.as === "declined" ? word.acquirer : undefined;
  return word.as !== "failed" && open.some((name) => name !== meant) ? { strays: true } : {};
}

/** What the ledger refused, and the acquirer still tells of: its void is what is unknown. */
async function unvoidedIn(
  ports: RecoveryPorts,
  payment: Payment,
  { operation, acquirer }: Review,
  look: Look,
): Promise<Authorization | undefined> {
  if (operation !== "void" || acquirer === undefined) return undefined;
  const inquiry = await inquire(ports, acquirer, operationKey(payment.id, "authorize"), look);
  return approvalIn(payment)({ acquirer, inquiry })[0];
}

function saysAgainst(payment: Payment, word: PaymentWord, answer: Answer): string[] {
  const { acquirer, inquiry } = answer;
  if (inquiry.kind !== "found") return [];
  const { outcome } = inquiry;
  const [approved] = approvalIn(payment)(answer);
  if (approved !== undefined) {
    const isMeant = word.as === "authorized" && isSameAuthorization(word.authorization, approved);
    return isMeant ? [] : [`${acquirer} has approved it (${approved.reference})`];
  }
  const isBelied = word.as === "authorized" && word.authorization.acquirer === acquirer;
  switch (outcome.kind) {
    case "declined":
      if (isBelied) return [`${acquirer} has declined it (${outcome.code})`];
      return word.as === "declined" && word.acquirer === acquirer && word.code !== outcome.code
        ? [`${acquirer} has declined it with ${outcome.code}`]
        : [];
    case "pending":
      return isBelied ? [`${acquirer} still decides`] : [];
    default:
      return [];
  }
}

async function conclude(ports: RecoveryPorts, payment: Payment, word: PaymentWord): Promise<Found> {
  switch (word.as) {
    case "authorized": {
      const { authorization } = word;
      return { outcome: "continue_payment", payment, entry: { step: "post", authorization } };
    }
    case "declined": {
      const { acquirer, code } = word;
      const outcome = { kind: "declined", code } as const;
      return recorded(ports, payment, concludeAuthorization(payment, { acquirer, outcome }));
    }
    default:
      return recorded(ports, payment, fail(payment, "not_executed"));
  }
}

async function recorded(
  ports: RecoveryPorts,
  payment: Payment,
  decided: ReturnType<typeof fail>,
): Promise<Found> {
  // Whether the word applies was asked before it was written down; the payment is at that very version.
  if (!decided.ok) throw new Error(`${payment.id} takes no such word: ${decided.error.code}`);
  return concluded(await record(ports, payment, decided.value));
}

interface Held {
  readonly payment: Extract<Payment, { state: "in_review" }>;
  readonly authorization: Authorization;
  readonly word: PaymentWord;
  readonly names: readonly string[];
}

/** A hold stands in the ledger: what became of it at its acquirer, and whether another acquirer holds the money too. */
async function followHeld(ports: RecoveryPorts, held: Held, look: Look): Promise<Followed> {
  const { payment, authorization, word } = held;
  const { acquirer } = authorization;
  const [capture, release] = await Promise.all(
    (["capture", "void"] as const).map((operation) =>
      inquire(ports, acquirer, operationKey(payment.id, operation), look),
    ),
  );
  const is = (inquiry: typeof capture, kind: "approved" | "declined") =>
    inquiry?.kind === "found" && inquiry.outcome.kind === kind;
  if (is(capture, "approved") && word.as !== "captured") return { against: `${acquirer} has captured it` };
  if (is(release, "approved") && word.as !== "canceled") return { against: `${acquirer} has voided it` };
  if (is(capture, "declined") && word.as === "captured")
    return { against: `${acquirer} has refused to capture it` };
  const { approved, open } = await straysOf(ports, held, look);
  if (approved.length > 0)
    return { against: approved.map((name) => `${name} has approved it too`).join("; ") };
  if (word.as === "canceled" && (await isCapturedAfterAll(ports, held, capture, look)))
    return { against: `${acquirer} has captured it` };
  return { ...goOn(held), ...straysIn(open, word) };
}

/** Nobody may capture later what is said to be over: the capture is closed, as far as the acquirer acknowledges it. */
async function isCapturedAfterAll(
  { acquirers }: RecoveryPorts,
  { payment, authorization }: Held,
  capture: Inquiry | undefined,
  { deadline }: Look,
): Promise<boolean> {
  if (capture?.kind === "found" && capture.outcome.kind === "declined") return false;
  const closed = await acquirers.named(authorization.acquirer).reverse({
    key: reversalKey(payment.id, "capture"),
    operationKey: operationKey(payment.id, "capture"),
    amount: payment.total.amount,
    currency: payment.total.currency,
    deadline,
  });
  return closed.kind === "declined";
}

function goOn({ payment, authorization, word }: Held): Found {
  const again = { attempt: 1 } as const;
  switch (word.as) {
    case "authorized":
      return { outcome: "continue_payment", payment, entry: { step: "post", authorization, ...again } };
    case "captured":
      return { outcome: "continue_payment", payment, entry: { step: "settle", ...again } };
    case "canceled":
      return compensation(payment, authorization);
    case "declined":
    case "failed":
      throw new Error(`${payment.id} is held, and cannot be ${word.as}`);
    default:
      return absurd(word);
  }
}

/** Where the authorization itself was unknown, other acquirers may have approved it, or may yet. */
async function straysOf(ports: RecoveryPorts, held: Held, look: Look): Promise<Strays> {
  const { payment, authorization, names } = held;
  if (payment.review.operation === "capture" || payment.review.operation === "void")
    return { approved: [], open: [] };
  const others = names.filter((name) => name !== authorization.acquirer);
  const answers = await inquireAll(ports, payment, others, look);
  const isOver = ({ inquiry }: Answer) => inquiry.kind === "found" && inquiry.outcome.kind === "declined";
  const unclear = answers.filter((answer) => !isOver(answer));
  const open = await closeAll(
    ports,
    payment,
    unclear.map(({ acquirer }) => acquirer),
    look.deadline,
  );
  const approved = unclear
    .filter((answer) => approvalIn(payment)(answer).length > 0 && open.includes(answer.acquirer))
    .map(({ acquirer }) => acquirer);
  return { approved, open };
}

interface Strays {
  /** Those that hold it, and do not let go. */
  readonly approved: readonly string[];
  /** Those, and whoever else has not let go. */
  readonly open: readonly string[];
}

/** The reasons are those of an inquiry that finds the same. */
const compensation = (payment: Payment, authorization: Authorization): Found => ({
  outcome: "continue_payment",
  payment,
  entry: {
    step: "compensate",
    authorization,
    reason: payment.pendingOperation?.kind === "cancel" ? "requested_by_merchant" : "operation_refused",
    attempt: 1,
  },
});
