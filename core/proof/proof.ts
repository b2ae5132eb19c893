import type { Dispute } from "../disputes/dispute.ts";
import type { DisputeEvent } from "../events/dispute-event.ts";
import type { PublishedEvent } from "../events/payment-event.ts";
import type { Book } from "../ledger/account.ts";
import { classOf } from "../ledger/account.ts";
import { fold, type TrialBalance, trialBalance } from "../ledger/trial-balance.ts";
import type { Currency } from "../money/currency.ts";
import type { Payment } from "../payments/payment.ts";
import { checkDisputeNotes, checkDisputes, checkDisputesTold } from "./disputes.ts";
import { checkCourse, checkOutbox, checkSink } from "./events.ts";
import { checkExpiry } from "./expiry.ts";
import type { Finding } from "./finding.ts";
import { checkAccountNotes, checkShard } from "./folds.ts";
import { checkHolds } from "./holds.ts";
import { checkAccounts, checkEntriesBalance, checkEntryIds, checkRoom, checkTrialBalance } from "./ledger.ts";
import { checkAmounts, checkKeyedAnswers, checkReferences } from "./payments.ts";
import type {
  AccountNote,
  DisputeNote,
  ExpiryNote,
  KeyedAnswer,
  Stored,
  StoredAccount,
  StoredShard,
} from "./stored.ts";

/** All that the tables say of one book. */
export interface StoredBook extends Stored {
  readonly book: Book;
  readonly shards: readonly StoredShard[];
  readonly notes: readonly AccountNote[];
  readonly disputeNotes: readonly DisputeNote[];
  readonly expiring: readonly ExpiryNote[];
}

/** All that the tables say. */
export interface WholeStore {
  readonly books: readonly StoredBook[];
  readonly answers: readonly KeyedAnswer[];
  readonly events: readonly PublishedEvent[];
  readonly disputeEvents: readonly DisputeEvent[];
  /** Every item of every table: how many were looked through, and what is wrong with their keys and their texts. */
  readonly items: { readonly count: number; readonly findings: readonly Finding[] };
}

/** One invariant, and what came of it. */
export interface Proof {
  /** Its numbers among the invariants. */
  readonly numbers: string;
  readonly claim: string;
  /** How many things were looked at. */
  readonly checked: number;
  readonly findings: readonly Finding[];
}

/** Events are kept for 30 days: a payment that began earlier may have lost its first ones. */
const eventsKeptMs = 29 * 24 * 3_600_000;

/** Every invariant that can be held against what is stored. `now` in epoch milliseconds. */
export function proofsOf(whole: WholeStore, now: number): Proof[] {
  const { books } = whole;
  const payments = books.flatMap((book) => book.payments);
  const refunds = books.flatMap((book) => book.refunds);
  const entries = sum(books, ({ journal }) => journal.length);
  const accounts = books.flatMap((book) => book.accounts);
  const each = (check: (book: StoredBook) => Finding[]) => books.flatMap(check);
  const limited = accounts.filter(({ id }) => classOf(id) === "user");
  const disputes = books.flatMap((book) => book.disputes);
  const told = {
    ...tellable(payments, whole.events, now),
    ...tellableDisputes(disputes, whole.disputeEvents, now),
  };
  // biome-ignore format: a table is read in rows
  return [
    proof("1", "every entry balances by itself", entries, each(({ journal }) => checkEntriesBalance(journal))),
    proof("2", "the books balance", books.length, each(({ journal }) => checkTrialBalance(journal))),
    proof("3", "guarded accounts are the fold of the journal", accounts.length, each(checkAccounts).filter(by("fold"))),
    proof("3 9", "folds are the fold of their shards", sum(books, ({ shards }) => shards.length), each(({ shards }) => shards.flatMap(checkShard))),
    proof("3", "accounts list what moved them", sum(books, ({ notes }) => notes.length), each(({ journal, notes }) => checkAccountNotes(journal, notes))),
    proof("4", "one payment for one key", payments.length + refunds.length + whole.answers.length, checkKeyedAnswers([...payments, ...refunds], whole.answers)),
    proof("5", "one entry for one id", entries, each(({ journal }) => checkEntryIds(journal))),
    proof("6", "no account passes its limits", accounts.length, [...each(checkAccounts).filter(by("guarded")), ...limited.flatMap((account) => checkRoom(account, limitsOf(account)))]),
    proof("7", "payments, refunds and holds agree", payments.length + refunds.length, each(checkHolds)),
    proof("5 7", "disputes and their entries agree", disputes.length, each((book) => [...checkDisputes(book), ...checkDisputeNotes(book.disputes, book.disputeNotes)])),
    proof("7 12", "merchants' holds end with their time", entries, each(({ journal, expiring }) => checkExpiry(journal, expiring, now))),
    proof("8", "states move along the table", told.events.length, checkCourse(told.events)),
    proof("10", "what is committed is told, and nothing else", told.payments.length, checkOutbox(told.payments, told.events)),
    proof("8 10", "what becomes of disputes is told, along their table", told.disputes.length, checkDisputesTold(told.disputes, told.disputeEvents)),
    proof("11", "each event is kept once, without a gap", told.events.length + told.disputeEvents.length, checkSink([...told.events, ...told.disputeEvents])),
    proof("13", "one acquirer reference for one payment", payments.length, checkReferences(payments)),
    proof("14", "every key starts with its book", whole.items.count, whole.items.findings.filter(by("tenancy"))),
    proof("15", "amounts are in range", payments.length, checkAmounts(payments)),
    proof("15", "no card is shown anywhere", whole.items.count, whole.items.findings.filter(by("no_cards"))),
    proof("", "every item can be read", whole.items.count, whole.items.findings.filter(by("unreadable"))),
  ];
}

const proof = (numbers: string, claim: string, checked: number, findings: readonly Finding[]): Proof => ({
  numbers,
  claim,
  checked,
  findings,
});

const limitsOf = ({ minAvailable, maxBalance }: StoredAccount) => ({
  ...(minAvailable === undefined ? {} : { minAvailable }),
  ...(maxBalance === undefined ? {} : { maxBalance }),
});

const by =
  (name: string) =>
  ({ invariant }: Finding): boolean =>
    invariant === name;

const sum = <T>(all: readonly T[], of: (each: T) => number): number =>
  all.reduce((total, each) => total + of(each), 0);

/** Payments whose events must all be there still, and the events but for those of older payments. */
function tellable(payments: readonly Payment[], events: readonly PublishedEvent[], now: number) {
  const old = new Set<string>(
    payments.filter(({ createdAt }) => createdAt < now - eventsKeptMs).map(({ id }) => id),
  );
  return {
    payments: payments.filter(({ id }) => !old.has(id)),
    events: events.filter(({ data }) => !old.has(data.id)),
  };
}

/** The same of disputes. */
function tellableDisputes(disputes: readonly Dispute[], events: readonly DisputeEvent[], now: number) {
  const old = new Set<string>(
    disputes.filter(({ createdAt }) => createdAt < now - eventsKeptMs).map(({ id }) => id),
  );
  return {
    disputes: disputes.filter(({ id }) => !old.has(id)),
    disputeEvents: events.filter(({ data }) => !old.has(data.id)),
  };
}

/** The trial balance of each book and currency, from the journal. */
export function trialBalances({ books }: WholeStore): readonly (TrialBalance & { readonly book: Book })[] {
  return books.flatMap(({ book, journal }) => {
    const balances = fold(journal);
    const currencies = new Set<Currency>([...balances.values()].map(({ currency }) => currency));
    return [...currencies].toSorted().map((currency) => ({ book, ...trialBalance(balances, currency) }));
  });
}
