import fc from "fast-check";
import { invariant } from "#core/kernel/invariant.ts";
import type { Account, AccountId, Book } from "#core/ledger/account.ts";
import { acquirerAccount, systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId, type Hold, type JournalEntry, type Leg } from "#core/ledger/entry.ts";
import { entryRecord, type JournalRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { postHold, voidHold } from "#core/ledger/resolution.ts";
import type { Currency } from "#core/money/currency.ts";
import { amountMax } from "#core/money/money.ts";
import { amounts, books, currencies, instants, record } from "./values.ts";

interface Transfer {
  readonly from: AccountId;
  readonly to: AccountId;
  readonly amount: bigint;
  readonly currency: Currency;
}

const transfersMax = 6;

const accountsOf = (book: Book, currency: Currency): readonly AccountId[] => [
  acquirerAccount(book, 1100, "alpha", currency),
  systemAccount(book, 2100, currency),
  systemAccount(book, 4000, currency),
  `acc_shop_${currency}` as AccountId,
  `acc_wallet_${currency}` as AccountId,
];

const transfersIn = (book: Book, currency: Currency): fc.Arbitrary<Transfer> => {
  const accounts = accountsOf(book, currency);
  const count = accounts.length;
  return fc
    .tuple(
      fc.nat({ max: count - 1 }),
      fc.integer({ min: 1, max: count - 1 }),
      // Legs of one account are added up, and the sum must still be an amount.
      amounts(amountMax / BigInt(transfersMax)),
    )
    .map(([index, step, amount]) => ({
      from: accounts[index] as AccountId,
      to: accounts[(index + step) % count] as AccountId,
      amount,
      currency,
    }));
};

const transfers = (book: Book): fc.Arbitrary<Transfer[]> =>
  fc.array(
    currencies.chain((currency) => transfersIn(book, currency)),
    { minLength: 1, maxLength: transfersMax },
  );

/** One leg per account and side, debits first: balanced by construction. */
function legsOf(moved: readonly Transfer[]): Leg[] {
  const legs = new Map<string, Leg>();
  const addLeg = (leg: Leg) => {
    const key = `${leg.account} ${leg.side}`;
    legs.set(key, { ...leg, amount: leg.amount + (legs.get(key)?.amount ?? 0n) });
  };
  for (const { from, amount, currency } of moved) addLeg(debit(from, amount, currency));
  for (const { to, amount, currency } of moved) addLeg(credit(to, amount, currency));
  return [...legs.values()];
}

const execution = "arn:aws:states:eu-central-1:000000000000:express:payment:1";

const entryOf = (
  id: string,
  book: Book,
  state: "posted" | "pending",
  legs: readonly Leg[],
  at: number,
): JournalEntry => ({
  id: id as EntryId,
  book,
  state,
  legs,
  effectiveAt: at,
  recordedAt: at,
  execution,
});

const entriesIn = (book: Book, states: readonly JournalEntry["state"][]): fc.Arbitrary<JournalEntry> =>
  fc
    .tuple(
      fc.uuid(),
      transfers(book),
      fc.constantFrom(...states),
      instants,
      fc.option(fc.integer({ min: 1, max: 700_000_000 }), { nil: undefined }),
    )
    .map(([id, moved, state, at, lifetime]) => ({
      ...entryOf(`je_${id}`, book, state, legsOf(moved), at),
      ...(state === "pending" && lifetime !== undefined ? { expiresAt: at + lifetime } : {}),
    }));

/** Well-formed entries of one book, over one or more currencies, posted or pending. */
export const entries = books.chain((book) => entriesIn(book, ["posted", "pending"]));

interface HoldAndPost {
  readonly hold: Hold;
  /** Some of what the hold moves, at most as much. */
  readonly legs: readonly Leg[];
}

const holdsAndPostsIn = (book: Book): fc.Arbitrary<HoldAndPost> =>
  fc.tuple(fc.uuid(), transfers(book), instants).chain(([id, moved, at]) =>
    fc
      .tuple(...moved.map(({ amount }) => fc.bigInt({ min: 0n, max: amount })))
      .filter((parts) => parts.some((part) => part > 0n))
      .map((parts) => ({
        hold: { ...entryOf(`je_${id}`, book, "pending", legsOf(moved), at), state: "pending" },
        legs: legsOf(
          moved
            .map((transfer, index) => ({ ...transfer, amount: parts[index] ?? 0n }))
            .filter((transfer) => transfer.amount > 0n),
        ),
      })),
  );

/** A hold without expiry, together with legs that may be posted from it. */
export const holdsAndPosts = books.chain(holdsAndPostsIn);

/** A hold's record, and somewhere later that of its resolution. */
const resolvedHoldsIn = (book: Book): fc.Arbitrary<JournalRecord[]> =>
  fc.tuple(holdsAndPostsIn(book), fc.constantFrom("posted", "voided", "expired")).map(([held, kind]) => {
    const { hold, legs } = held;
    const at = hold.recordedAt + 1;
    if (kind === "posted") {
      const posted = postHold(hold, { id: `${hold.id}.post` as EntryId, legs, at, execution });
      invariant(posted.ok, "an arbitrary post fits its hold");
      return [entryRecord(hold), resolutionRecord(posted.value)];
    }
    const released = voidHold(hold, at, execution);
    const ended = kind === "voided" ? released : { ...released, kind, effectiveAt: at - 1 };
    return [entryRecord(hold), resolutionRecord(ended)];
  });

/**
 * Records of one book's journal, of up to a dozen entries. Each resolution comes somewhere after its hold, with other
 * records between them. With `holds: "resolved"`, every hold has its resolution.
 */
export const journals = (options: { readonly holds: "any" | "resolved" }): fc.Arbitrary<JournalRecord[]> =>
  books.chain((book) => {
    const alone = entriesIn(book, options.holds === "any" ? ["posted", "pending"] : ["posted"]);
    const lives = fc.oneof(
      alone.map((entry) => [entryRecord(entry)]),
      resolvedHoldsIn(book),
    );
    const positions = fc.tuple(fc.nat({ max: 1_000 }), fc.integer({ min: 1, max: 1_000 }));
    return fc.array(fc.tuple(lives, positions), { maxLength: 12 }).map((timed) =>
      timed
        .flatMap(([life, [start, gap]]) => life.map((record, index) => ({ record, at: start + index * gap })))
        .toSorted((a, b) => a.at - b.at)
        .map(({ record }) => record),
    );
  });

/** Open guarded accounts with any limits, from untouched to far beyond them (a chargeback may pass a limit). */
export const guardedAccounts: fc.Arbitrary<Account> = record({
  normalSide: fc.constantFrom("debit", "credit"),
  debitsPosted: fc.bigInt({ min: 0n, max: 60n }),
  creditsPosted: fc.bigInt({ min: 0n, max: 60n }),
  minAvailable: fc.option(fc.bigInt({ min: -40n, max: 40n }), { nil: undefined }),
  maxBalance: fc.option(fc.bigInt({ min: 0n, max: 80n }), { nil: undefined }),
}).map(({ minAvailable, maxBalance, ...account }) => ({
  ...account,
  id: "acc_wallet" as AccountId,
  book: "mer_demo" as Book,
  currency: "USD",
  condition: "open",
  debitsPending: 0n,
  creditsPending: 0n,
  ...(minAvailable === undefined ? {} : { minAvailable }),
  ...(maxBalance === undefined ? {} : { maxBalance }),
}));
