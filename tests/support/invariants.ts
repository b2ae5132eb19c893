import type { Counters } from "#core/ledger/account.ts";
import type { Leg } from "#core/ledger/entry.ts";
import { openingRoom, strain } from "#core/ledger/guard.ts";
import { entryIdOf, type JournalRecord } from "#core/ledger/journal.ts";
import { fold } from "#core/ledger/trial-balance.ts";
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
import type { Stored, StoredAccount, StoredItem } from "./stored.ts";

/**
 * What must always be true of what is stored. Each checker takes stored data, wherever it was read, and says what is
 * wrong with it; nothing wrong is an empty list.
 */

export { type Finding, found };

/** Everything that can be said of the tables alone. */
export function checkStored(stored: Stored): Finding[] {
  return [
    ...checkEntriesBalance(stored.journal),
    ...checkTrialBalance(stored.journal),
    ...checkEntryIds(stored.journal),
    ...checkAccounts(stored),
    ...checkHolds(stored),
    ...checkAmounts(stored.payments),
  ];
}

/** Every entry, per currency: Σ legs = 0; and so is what a resolution releases. */
function checkEntriesBalance(journal: readonly JournalRecord[]): Finding[] {
  const findings: Finding[] = [];
  for (const record of journal) {
    for (const legs of legsOf(record)) {
      for (const [currency, sum] of signedSums(legs))
        if (sum !== 0n)
          findings.push(found("balanced_entries", entryIdOf(record), `its ${currency} legs sum to ${sum}`));
    }
  }
  return findings;
}

/** Per currency: Σ balances = 0, posted and pending. */
function checkTrialBalance(journal: readonly JournalRecord[]): Finding[] {
  const sums = new Map<string, bigint>();
  const add = (key: string, amount: bigint) => sums.set(key, (sums.get(key) ?? 0n) + amount);
  for (const { currency, ...counters } of fold(journal).values()) {
    add(`posted ${currency}`, counters.debitsPosted - counters.creditsPosted);
    add(`pending ${currency}`, counters.debitsPending - counters.creditsPending);
  }
  return [...sums]
    .filter(([, sum]) => sum !== 0n)
    .map(([key, sum]) => found("trial_balance", key, `debits exceed credits by ${sum}`));
}

/** At most one entry per id, whether it was posted alone or by the resolution of its hold; each hold is resolved once. */
function checkEntryIds(journal: readonly JournalRecord[]): Finding[] {
  const seen = new Set<string>();
  const findings: Finding[] = [];
  const claim = (id: string, subject: string) => {
    if (seen.has(id)) findings.push(found("one_entry", subject, `${id} is there twice`));
    seen.add(id);
  };
  for (const record of journal) {
    const id = entryIdOf(record);
    if (record.type !== "resolution") {
      claim(`${record.entry.book} ${id}`, id);
      continue;
    }
    claim(`${record.resolution.book} ${id} resolution`, id);
    if (record.resolution.kind === "posted")
      claim(`${record.resolution.book} ${record.resolution.entry.id}`, id);
  }
  return findings;
}

/** Every stored account: counters = fold(journal), and a limit was never passed. */
export function checkAccounts({ accounts, journal }: Pick<Stored, "accounts" | "journal">): Finding[] {
  if (accounts.length === 0) return [];
  const balances = fold(journal);
  const findings: Finding[] = [];
  for (const account of accounts) {
    const folded = balances.get(account.id);
    for (const counter of ["debitsPosted", "debitsPending", "creditsPosted", "creditsPending"] as const) {
      const expected = folded?.[counter] ?? 0n;
      if (account[counter] !== expected)
        findings.push(
          found("fold", account.id, `${counter} is ${account[counter]}, the journal says ${expected}`),
        );
    }
    if (folded !== undefined && folded.currency !== account.currency)
      findings.push(
        found("fold", account.id, `holds ${account.currency} and was moved in ${folded.currency}`),
      );
    if (account.debitRoom < 0n || account.creditRoom < 0n)
      findings.push(found("guarded", account.id, `room is ${account.debitRoom} and ${account.creditRoom}`));
  }
  return findings;
}

/** The room that an account keeps is what its limits leave beside its counters. */
export function checkRoom(
  account: StoredAccount,
  limits: { readonly minAvailable?: bigint; readonly maxBalance?: bigint },
): Finding[] {
  const opening = openingRoom({ normalSide: account.normalSide, ...limits });
  const used = strain(account);
  const isRight =
    account.debitRoom === opening.debit - used.debit && account.creditRoom === opening.credit - used.credit;
  return isRight ? [] : [found("guarded", account.id, "its room is not what its limits leave")];
}

/** A frozen or closed account takes nothing but the release of holds. */
export function checkMovement(before: StoredAccount, after: StoredAccount): Finding[] {
  const counters = ["debitsPosted", "debitsPending", "creditsPosted", "creditsPending"] as const;
  const grows = counters.some((counter: keyof Counters) => after[counter] > before[counter]);
  return grows && before.condition !== "open"
    ? [found("guarded", after.id, `is ${before.condition} and was posted to`)]
    : [];
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
      return "posted";
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
  if (!mayMove(before.state, after.state) || after.version !== before.version + 1)
    return wrong(`moved from ${from} to ${to}`);
  const isAgreed =
    before.total.currency === after.total.currency &&
    before.total.amount === after.total.amount &&
    before.fingerprint === after.fingerprint &&
    before.createdAt === after.createdAt &&
    isSameMethod(before.method, after.method);
  return isAgreed ? [] : wrong("changed what was agreed");
}

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
  const keys = [item["pk"]?.S ?? "", ...(item["list_pk"]?.S === undefined ? [] : [item["list_pk"].S])];
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

function legsOf(record: JournalRecord): readonly (readonly Leg[])[] {
  if (record.type !== "resolution") return [record.entry.legs];
  const { resolution } = record;
  return resolution.kind === "posted" ? [resolution.released, resolution.entry.legs] : [resolution.released];
}

function signedSums(legs: readonly Leg[]): Map<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const { currency, side, amount } of legs)
    sums.set(currency, (sums.get(currency) ?? 0n) + (side === "debit" ? amount : -amount));
  return sums;
}

const debitsOf = (legs: readonly Leg[]): bigint =>
  legs.reduce((sum, leg) => (leg.side === "debit" ? sum + leg.amount : sum), 0n);

const isSameMoney = (a: readonly Leg[], b: readonly Leg[]): boolean => textOf(a) === textOf(b);
const textOf = (legs: readonly Leg[]): string =>
  legs
    .map((leg) => `${leg.account} ${leg.side} ${leg.amount} ${leg.currency}`)
    .toSorted()
    .join();
