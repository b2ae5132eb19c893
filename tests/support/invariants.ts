import type { Leg } from "#core/ledger/entry.ts";
import { entryIdOf, type JournalRecord } from "#core/ledger/journal.ts";
import { amountMax } from "#core/money/money.ts";
import { sagaEntryId } from "#core/payments/ids.ts";
import {
  authorizationOf,
  capturedOf,
  type Payment,
  type PaymentMethod,
  refundedOf,
} from "#core/payments/payment.ts";
import { mayMove } from "#core/payments/states.ts";
import { type Finding, found } from "#core/proof/finding.ts";
import { checkAccounts, checkJournal, checkMovement, checkRoom } from "#core/proof/ledger.ts";
import { checkRefunds } from "./refund-invariants.ts";
import type { Stored, StoredItem } from "./stored.ts";

/**
 * What must always be true of what is stored. Each checker takes stored data, wherever it was read, and says what is
 * wrong with it; nothing wrong is an empty list.
 */

export { checkAccounts, checkMovement, checkRoom, type Finding, found };

/** Everything that can be said of the tables alone. */
export function checkStored(stored: Stored): Finding[] {
  return [
    ...checkJournal(stored.journal),
    ...checkAccounts(stored),
    ...checkHolds(stored),
    ...checkRefunds(stored),
    ...checkAmounts(stored.payments),
  ];
}

/**
 * A payment and its hold say the same, because one transaction wrote both: 0 ≤ refunded ≤ captured ≤ authorized, and
 * the hold is resolved once, in time, and for no more than was held.
 */
function checkHolds({ payments, journal }: Pick<Stored, "payments" | "journal">): Finding[] {
  const records = new Map<string, JournalRecord[]>();
  for (const record of journal) {
    const id = entryIdOf(record);
    records.set(id, [...(records.get(id) ?? []), record]);
  }
  return payments.flatMap((payment) =>
    holdFindings(payment, records.get(sagaEntryId(payment.id, "authorize")) ?? []),
  );
}

function holdFindings(payment: Payment, records: readonly JournalRecord[]): Finding[] {
  const findings: Finding[] = [];
  const wrong = (what: string) => findings.push(found("holds", payment.id, what));
  const entry = records.find((record) => record.type === "entry")?.entry;
  const resolution = records.find((record) => record.type === "resolution")?.resolution;
  const captured = capturedOf(payment);
  if (refundedOf(payment) < 0n || refundedOf(payment) > captured || captured > payment.total.amount)
    wrong(`refunded ${refundedOf(payment)}, captured ${captured} of ${payment.total.amount}`);

  const expected = expectedJournal(payment);
  const actual = entry === undefined ? "nothing" : (resolution?.kind ?? "held");
  if (actual !== expected) wrong(`is ${payment.state}, and its hold is ${actual}`);
  if (entry === undefined && resolution !== undefined) wrong("a hold is resolved that was never posted");
  if (entry !== undefined && debitsOf(entry.legs) !== payment.total.amount)
    wrong(`${debitsOf(entry.legs)} is held for ${payment.total.amount}`);
  if (resolution?.kind === "posted") {
    const posted = debitsOf(resolution.entry.legs);
    if (posted !== captured) wrong(`${posted} is posted for ${captured} captured`);
    if (entry?.expiresAt !== undefined && resolution.recordedAt >= entry.expiresAt)
      wrong("the hold was posted after its expiry");
  }
  if (resolution !== undefined && entry !== undefined && !isSameMoney(resolution.released, entry.legs))
    wrong("what is released is not what was held");
  return findings;
}

/** What the journal must say of a payment as it stands. */
function expectedJournal(payment: Payment): "nothing" | "held" | "posted" | "voided" | "expired" {
  const isHeld = authorizationOf(payment) !== undefined;
  switch (payment.state) {
    case "processing":
    case "requires_action":
    case "declined":
    // Its authorization was voided before it was posted.
    case "failed":
      return "nothing";
    case "authorized":
      return "held";
    case "captured":
    case "settled":
      // A wallet's payment holds nothing: it is transferred at once.
      return isHeld ? "posted" : "nothing";
    case "canceled":
      return isHeld ? "voided" : "nothing";
    case "expired":
      return isHeld ? "expired" : "nothing";
    case "in_review":
      return isHeld ? "held" : "nothing";
  }
}

/** States move only along the table, by one version; what was agreed never changes, and a terminal state stays. */
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

/** Within a state, an operation begins, a refund ends, or a refund becomes unknown: nothing else is a version. */
function isProgress(before: Payment, after: Payment): boolean {
  if (before.state !== after.state) return false;
  const [was, is] = [before.pendingOperation, after.pendingOperation];
  if (was === undefined || is === undefined) return was?.kind !== is?.kind;
  return was.kind === "refund" && is.kind === "refund" && was.inReview === undefined && is.inReview === true;
}

const isAnother = ({ pendingOperation: was }: Payment, { pendingOperation: is }: Payment): boolean =>
  was !== undefined && is !== undefined && (was.kind !== is.kind || was.startedAt !== is.startedAt);

const isSameMethod = (one: PaymentMethod, other: PaymentMethod): boolean =>
  one.type === "card"
    ? other.type === "card" && one.token === other.token
    : other.type === "account" && one.account === other.account;

/** The journal is append-only: an item that is there stays as it is. */
export function checkAppend(before: StoredItem | undefined, after: StoredItem): Finding[] {
  const subject = after["sk"]?.S ?? "";
  return before === undefined ? [] : [found("append_only", subject, "was written over")];
}

/** Amounts are integers in range. */
function checkAmounts(payments: readonly Payment[]): Finding[] {
  return payments
    .filter(({ total }) => total.amount < 1n || total.amount > amountMax)
    .map((payment) => found("amounts", payment.id, `${payment.total.amount} is out of range`));
}

/** Every key starts with a book, and the items of an index too. */
export function checkKeys(item: StoredItem, isBook: (book: string) => boolean): Finding[] {
  const indexed = ["list_pk", "due_pk"].flatMap((name) => item[name]?.S ?? []);
  const keys = [item["pk"]?.S ?? "", ...indexed];
  return keys
    .filter((key) => !isBook(key.split("#")[0] ?? ""))
    .map((key) => found("tenancy", key, "does not start with its tenant's book"));
}

/** No card number is anywhere in a text. */
export function checkNoCards(subject: string, text: string, numbers: Iterable<string>): Finding[] {
  return [...numbers]
    .filter((number) => text.includes(number))
    .map((number) => found("no_cards", subject, `shows the card that ends in ${number.slice(-4)}`));
}

const debitsOf = (legs: readonly Leg[]): bigint =>
  legs.reduce((sum, leg) => (leg.side === "debit" ? sum + leg.amount : sum), 0n);

const isSameMoney = (a: readonly Leg[], b: readonly Leg[]): boolean => textOf(a) === textOf(b);
const textOf = (legs: readonly Leg[]): string =>
  legs
    .map((leg) => `${leg.account} ${leg.side} ${leg.amount} ${leg.currency}`)
    .toSorted()
    .join();
