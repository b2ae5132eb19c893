import type { Book } from "../ledger/account.ts";
import { amountMax } from "../money/money.ts";
import { authorizationOf, type Payment, type PaymentMethod } from "../payments/payment.ts";
import { isHeld, type Refund, refundMayMove } from "../payments/refund.ts";
import { mayMove } from "../payments/states.ts";
import { type Finding, found } from "./finding.ts";
import type { KeyedAnswer } from "./stored.ts";

/** Invariants 4, 8, 13 and 15, of payments. Nothing wrong is an empty list. */

/**
 * Invariant 8. States move only along the table, by one version; what was agreed never changes, and a terminal state
 * stays.
 */
export function checkTransition(before: Payment | undefined, after: Payment): Finding[] {
  const wrong = (what: string) => [found("transitions", after.id, what)];
  if (before === undefined) {
    const isFirst = after.version === 1 && after.state === "processing";
    return isFirst ? [] : wrong(`begins as ${after.state}, version ${after.version}`);
  }
  const from = `${before.state} (version ${before.version})`;
  const to = `${after.state} (version ${after.version})`;
  const isAlong = mayMove(before.state, after.state) || isProgress(before, after);
  if (!isAlong || after.version !== before.version + 1) return wrong(`moved from ${from} to ${to}`);
  if (before.pendingOperation !== undefined && isAnother(before, after))
    return wrong(
      `began a ${after.pendingOperation?.kind} before its ${before.pendingOperation.kind} had ended`,
    );
  const isAgreed =
    before.total.currency === after.total.currency &&
    before.total.amount === after.total.amount &&
    before.fingerprint === after.fingerprint &&
    before.createdAt === after.createdAt &&
    isSameMethod(before.method, after.method);
  return isAgreed ? [] : wrong("changed what was agreed");
}

/**
 * Within a state, an operation begins, a refund ends or becomes unknown, or an operator says something of what is in
 * review: nothing else is a version.
 */
function isProgress(before: Payment, after: Payment): boolean {
  if (before.state !== after.state) return false;
  if (after.state === "in_review") return isNews(before.words, after.words);
  const [was, is] = [before.pendingOperation, after.pendingOperation];
  if (was === undefined || is === undefined) return was?.kind !== is?.kind;
  return was.kind === "refund" && is.kind === "refund" && is.inReview === true;
}

/** Words are added, or the last one is overruled. */
const isNews = (before: Payment["words"] = [], after: Payment["words"] = []): boolean =>
  after.length === before.length + 1 || (after.length > 0 && before.at(-1)?.end !== after.at(-1)?.end);

const isAnother = ({ pendingOperation: was }: Payment, { pendingOperation: is }: Payment): boolean =>
  was !== undefined && is !== undefined && (was.kind !== is.kind || was.startedAt !== is.startedAt);

const isSameMethod = (one: PaymentMethod, other: PaymentMethod): boolean =>
  one.type === "card"
    ? other.type === "card" && one.token === other.token
    : other.type === "account" && one.account === other.account;

/** Invariant 8. Refunds move only along their table, by one version, and what was asked for never changes. */
export function checkRefundTransition(before: Refund | undefined, after: Refund): Finding[] {
  const wrong = (what: string) => [found("transitions", after.id, what)];
  if (before === undefined) {
    const isFirst = after.version === 1 && after.state === "processing" && !after.held;
    return isFirst ? [] : wrong(`begins as ${after.state}, version ${after.version}`);
  }
  const isSaid =
    before.state === after.state && (after.words?.length ?? 0) === (before.words?.length ?? 0) + 1;
  const isHold = before.state === after.state && !isHeld(before) && isHeld(after);
  if (
    (!isHold && !isSaid && !refundMayMove(before.state, after.state)) ||
    after.version !== before.version + 1
  )
    return wrong(
      `moved from ${before.state} (version ${before.version}) to ${after.state} (version ${after.version})`,
    );
  const isAgreed =
    before.payment === after.payment &&
    before.n === after.n &&
    before.total.amount === after.total.amount &&
    before.total.currency === after.total.currency &&
    before.from === after.from &&
    before.fingerprint === after.fingerprint;
  return isAgreed ? [] : wrong("changed what was agreed");
}

/** Invariant 15. Amounts are integers in range. */
export function checkAmounts(payments: readonly Payment[]): Finding[] {
  return payments
    .filter(({ total }) => total.amount < 1n || total.amount > amountMax)
    .map((payment) => found("amounts", payment.id, `${payment.total.amount} is out of range`));
}

/** Invariant 13, as far as tables tell: no two payments name the same authorization of an acquirer. */
export function checkReferences(payments: readonly Payment[]): Finding[] {
  const owners = new Map<string, string>();
  const findings: Finding[] = [];
  for (const payment of payments) {
    const authorization = authorizationOf(payment);
    if (authorization === undefined) continue;
    const name = `${authorization.acquirer}/${authorization.reference}`;
    const owner = owners.get(name);
    if (owner !== undefined)
      findings.push(found("one_reference", payment.id, `names ${name}, and so does ${owner}`));
    owners.set(name, payment.id);
  }
  return findings;
}

/**
 * Invariant 4. One payment per idempotency key, and one key per payment: an id follows from its merchant and key, so it
 * is in one book only; and what a key's answer says was made is there, made under no other key.
 * @param stored payments and refunds of every book
 */
export function checkKeyedAnswers(
  stored: Iterable<{ readonly id: string; readonly book: Book }>,
  answers: readonly KeyedAnswer[],
): Finding[] {
  const findings: Finding[] = [];
  const books = new Map<string, Book>();
  for (const { id, book } of stored) {
    const other = books.get(id);
    if (other !== undefined) findings.push(found("one_per_key", id, `is in ${other} and in ${book}`));
    books.set(id, book);
  }
  const keys = new Map<string, string>();
  for (const { book, key, made } of answers) {
    if (books.get(made) !== book)
      findings.push(found("one_per_key", key, `${book} was told of ${made}, which it does not have`));
    if (keys.has(made))
      findings.push(found("one_per_key", made, `was made under ${keys.get(made)} and ${key}`));
    keys.set(made, key);
  }
  return findings;
}
