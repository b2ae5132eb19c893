import { invariant } from "../kernel/invariant.ts";
import { type Currency, isCurrency } from "../money/currency.ts";
import { type AccountId, addCounters, classOf, salesCurrency } from "./account.ts";
import { isGuarded } from "./guard.ts";
import { type AccountCounters, type JournalRecord, movements, recordedAtOf } from "./journal.ts";

/**
 * What is counted together. System and sales accounts stand one by one. A merchant's guarded accounts may be millions,
 * and each carries its own counters: here they are one line per currency.
 */
export type FoldLine = AccountId | `users:${Currency}`;

/** Counters of each line that has ever moved. */
export type Folded = ReadonlyMap<FoldLine, AccountCounters>;

/**
 * What one shard of a book's journal adds up to, up to a place in the table's stream. An entry lies whole in one shard,
 * so that each fold is balanced by itself, whatever the others have reached.
 */
export interface ShardFold {
  /** Sequence number of the last record that is counted; empty before the first. Up to 40 digits. */
  readonly watermark: string;
  /** Records counted, refused entries too: as many as the shard of the journal has up to there. */
  readonly records: number;
  /** Epoch milliseconds: when the newest of them was recorded. 0 before the first. */
  readonly newestAt: number;
  readonly lines: Folded;
  /**
   * The records of epochs before this one were counted from the journal itself, by a failover: the stream of a region
   * that takes over has places of its own, and brings again what the other region's folder has counted (ADR 47).
   */
  readonly countedBefore?: number;
}

/** A record of the journal, and its place in the stream. */
export interface StreamedRecord {
  readonly sequence: string;
  /** In which it was written. 0, or left out, from before there were epochs. */
  readonly epoch?: number;
  readonly record: JournalRecord;
}

export const nothingFolded: ShardFold = { watermark: "", records: 0, newestAt: 0, lines: new Map() };

/**
 * System accounts of one book: 17 codes, some per acquirer, in each of its currencies. So many lines take 300 KB of the
 * 400 that an item may have.
 */
export const foldLinesMax = 3_000;

/**
 * Counts what lies behind the watermark, in the order of the stream; what lies at it or before is counted already.
 * @returns the same fold when there was nothing new.
 */
export function foldOn(fold: ShardFold, records: readonly StreamedRecord[]): ShardFold {
  let { watermark, records: count, newestAt } = fold;
  const { countedBefore = 0 } = fold;
  const lines = new Map(fold.lines);
  for (const { sequence, epoch = 0, record } of records) {
    if (epoch < countedBefore || !isBehind(sequence, watermark)) continue;
    for (const [account, moved] of movements(record)) addTo(lines, lineOf(account, moved.currency), moved);
    watermark = sequence;
    count += 1;
    newestAt = Math.max(newestAt, recordedAtOf(record));
  }
  invariant(lines.size <= foldLinesMax, `a fold has at most ${foldLinesMax} lines`);
  return count === fold.records ? fold : { ...fold, watermark, records: count, newestAt, lines };
}

/** Before any place of any stream. */
const beforeTheStream = "0";

/**
 * Where a region begins that takes a shard over: all that was written before `epoch` is counted from the journal itself,
 * by `countOn`. What is written from then on comes by the region's own stream.
 */
export const nothingCounted = (epoch: number): ShardFold => ({
  ...nothingFolded,
  watermark: beforeTheStream,
  countedBefore: epoch,
});

/** Has the stream of a region that took over in `epoch` brought what a fold counts? Then no journal says where it stands. */
export const hasFollowed = ({ countedBefore, watermark }: ShardFold, epoch: number): boolean =>
  countedBefore === epoch && watermark !== beforeTheStream;

/** Do two folds say the same, of the same place in the stream? */
export const isSameFold = (one: ShardFold, other: ShardFold): boolean =>
  one.watermark === other.watermark &&
  one.countedBefore === other.countedBefore &&
  one.records === other.records &&
  one.newestAt === other.newestAt &&
  one.lines.size === other.lines.size &&
  [...one.lines].every(([line, counters]) => isSame(counters, other.lines.get(line)));

const isSame = (one: AccountCounters, other: AccountCounters | undefined): boolean =>
  one.currency === other?.currency &&
  one.debitsPosted === other.debitsPosted &&
  one.debitsPending === other.debitsPending &&
  one.creditsPosted === other.creditsPosted &&
  one.creditsPending === other.creditsPending;

/** Counts records as the journal has them, each of which is brought once. */
export function countOn(fold: ShardFold, records: readonly JournalRecord[]): ShardFold {
  const lines = new Map(fold.lines);
  let { newestAt } = fold;
  for (const record of records) {
    for (const [account, moved] of movements(record)) addTo(lines, lineOf(account, moved.currency), moved);
    newestAt = Math.max(newestAt, recordedAtOf(record));
  }
  invariant(lines.size <= foldLinesMax, `a fold has at most ${foldLinesMax} lines`);
  return { ...fold, records: fold.records + records.length, newestAt, lines };
}

/** What several folds add up to: of one book's shards, or of several books. */
export function sumOfFolds(folds: Iterable<ShardFold>): Pick<ShardFold, "records" | "newestAt" | "lines"> {
  let [records, newestAt] = [0, 0];
  const lines = new Map<FoldLine, AccountCounters>();
  for (const fold of folds) {
    records += fold.records;
    newestAt = Math.max(newestAt, fold.newestAt);
    for (const [line, counters] of fold.lines) addTo(lines, line, counters);
  }
  return { records, newestAt, lines };
}

export const lineOf = (account: AccountId, currency: Currency): FoldLine =>
  classOf(account) === "user" && isGuarded(account) ? `users:${currency}` : account;

/** Each line's name ends in its currency. */
export function currencyOfLine(line: FoldLine): Currency {
  const currency = salesCurrency(line as AccountId) ?? line.slice(line.lastIndexOf(":") + 1);
  invariant(isCurrency(currency), `${line} names its currency`);
  return currency;
}

const sequencePattern = /^\d{1,40}$/;

/** Sequence numbers have up to 40 digits and no leading zeros: too long for a number, and not comparable as texts. */
function isBehind(sequence: string, watermark: string): boolean {
  invariant(sequencePattern.test(sequence), `${sequence} is a sequence number`);
  return sequence.padStart(40, "0") > watermark.padStart(40, "0");
}

function addTo(lines: Map<FoldLine, AccountCounters>, line: FoldLine, moved: AccountCounters): void {
  const before = lines.get(line);
  invariant(before === undefined || before.currency === moved.currency, `${line} holds one currency`);
  lines.set(line, before === undefined ? moved : { currency: moved.currency, ...addCounters(before, moved) });
}
