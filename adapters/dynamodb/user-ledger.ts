import type { CancellationReason, DynamoDBClient, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { invariant } from "#core/kernel/invariant.ts";
import { type Book, classOf } from "#core/ledger/account.ts";
import type { EntryId, JournalEntry } from "#core/ledger/entry.ts";
import type { PostingRefusal } from "#core/ledger/errors.ts";
import {
  entryIdOf,
  entryRecord,
  failureRecord,
  type JournalRecord,
  movements,
  resolutionRecord,
} from "#core/ledger/journal.ts";
import type { Resolution } from "#core/ledger/resolution.ts";
import { decideBatch, type EntryResult, refusedBatch, type TakenId } from "#core/ledger/user-batch.ts";
import { isUserEntry, type ProposedEntry, type RecordedBy, userLegsMax } from "#core/ledger/user-entry.ts";
import { AccountStore } from "./account-store.ts";
import { nothingStored } from "./conditions.ts";
import { StoreContention } from "./errors.ts";
import type { Epoch } from "./fence.ts";
import { accountWrites } from "./guarded-accounts.ts";
import { journalItem } from "./journal-codec.ts";
import { JournalStore } from "./journal-store.ts";
import { expiringKey } from "./keys.ts";
import { transact } from "./transact.ts";

/** Another request may take an id between our look and our write: the second look says what it stands for. */
const triesMax = 3;

/** What DynamoDB takes of one transaction. */
export const transactionItemsMax = 100;

export type Resolved =
  | { readonly kind: "resolved" }
  /** Another resolution came first. */
  | { readonly kind: "taken" }
  | { readonly kind: "refused"; readonly refusal: PostingRefusal };

/**
 * The journal as a merchant writes to it: entries between its own accounts, and nothing else. Whatever a caller above
 * gets wrong, no record that touches a system account leaves this class.
 */
export class UserLedger {
  readonly #client: DynamoDBClient;
  readonly #epoch: Epoch;
  readonly #table: string;
  readonly #journal: JournalStore;
  readonly #accounts: AccountStore;

  constructor(client: DynamoDBClient, table: string, epoch: Epoch) {
    this.#client = client;
    this.#epoch = epoch;
    this.#table = table;
    this.#journal = new JournalStore(client, table);
    this.#accounts = new AccountStore(client, table, epoch);
  }

  /**
   * Records all of the proposals or none, and says what became of each. What the books refuse is written down, so that
   * the same id gives the same answer for ever.
   */
  async post(
    book: Book,
    proposals: readonly ProposedEntry[],
    recordedBy: RecordedBy,
  ): Promise<readonly EntryResult[]> {
    for (let attempt = 0; attempt < triesMax; attempt += 1) {
      const decided = decideBatch(book, proposals, await this.#known(book, proposals), recordedBy);
      if (!decided.ok) return decided.error;
      const entries = decided.value;
      const refusals = await this.#record(book, entries.map(entryRecord));
      if (refusals === "written") return entries.map((entry) => ({ kind: "created", entry }));
      if (refusals === "taken") continue;
      if (await this.#keepRefusals(entries, refusals)) return refusedBatch(entries, refusals);
    }
    throw new StoreContention(`${triesMax} tries met another request under the same ids`);
  }

  /** Ends a hold, once. */
  async resolve(resolution: Resolution): Promise<Resolved> {
    const refusals = await this.#record(resolution.book, [resolutionRecord(resolution)]);
    if (refusals === "written") return { kind: "resolved" };
    if (refusals === "taken") return { kind: "taken" };
    return { kind: "refused", refusal: theOne(refusals) };
  }

  /** Records the correction of an entry, once. What the books refuse of it is not kept: its id is nobody's choice. */
  async correct(correction: JournalEntry): Promise<Resolved> {
    const refusals = await this.#record(correction.book, [entryRecord(correction)]);
    if (refusals === "written") return { kind: "resolved" };
    if (refusals === "taken") return { kind: "taken" };
    return { kind: "refused", refusal: theOne(refusals) };
  }

  /**
   * One transaction: records that are not there yet, the accounts that they move, the postings by which they are found,
   * and when time is to end the holds among them.
   */
  async #record(
    book: Book,
    records: readonly JournalRecord[],
  ): Promise<"written" | "taken" | ReadonlyMap<EntryId, PostingRefusal>> {
    for (const record of records) requireOwn(record);
    const accounts = accountWrites(this.#table, book, ...records);
    const items = [
      ...records.map((record) => this.#put(record)),
      ...accounts.items,
      ...records.flatMap((record) => this.#due(record)),
    ];
    invariant(items.length <= transactionItemsMax, `a transaction has at most ${transactionItemsMax} items`);
    const result = await transact(this.#client, this.#epoch, items);
    if (result.written) return "written";
    if (result.reasons.slice(0, records.length).some(hasFailed)) return "taken";
    return accounts.refusalsOf(result.reasons.slice(records.length));
  }

  #put(record: JournalRecord): TransactWriteItem {
    return { Put: { TableName: this.#table, Item: marshall(journalItem(record)), ...nothingStored } };
  }

  /** By which the sweep finds a hold that nobody asks about: written with it, or not at all. */
  #due(record: JournalRecord): TransactWriteItem[] {
    if (record.type !== "entry") return [];
    const { book, id, expiresAt } = record.entry;
    if (expiresAt === undefined) return [];
    return [{ Put: { TableName: this.#table, Item: marshall(expiringKey(book, id, expiresAt)) } }];
  }

  /** @returns whether all are kept: whoever takes an id first keeps it, and then what it stands for is the answer. */
  async #keepRefusals(
    entries: readonly JournalEntry[],
    refusals: ReadonlyMap<EntryId, PostingRefusal>,
  ): Promise<boolean> {
    for (const entry of entries) {
      const refusal = refusals.get(entry.id);
      if (refusal === undefined) continue;
      const { written } = await transact(this.#client, this.#epoch, [
        this.#put(failureRecord(entry, refusal)),
      ]);
      if (!written) return false;
    }
    return true;
  }

  async #known(book: Book, proposals: readonly ProposedEntry[]) {
    const [records, currencies] = await Promise.all([
      this.#journal.find(
        book,
        proposals.map(({ id }) => id),
      ),
      this.#accounts.currencies(
        book,
        // One with too many legs is refused for that before its accounts matter, and they may be more than one read takes.
        proposals.flatMap(({ legs }) =>
          legs.length > userLegsMax ? [] : legs.map(({ account }) => account),
        ),
      ),
    ]);
    const taken = new Map<EntryId, TakenId>();
    for (const record of records) if (record.type !== "resolution") taken.set(record.entry.id, record);
    return { taken, currencies };
  }
}

/** The last check before a write, whatever the types above promised. */
function requireOwn(record: JournalRecord): void {
  const id = entryIdOf(record);
  invariant(isUserEntry(id), `${id} is a caller's entry`);
  for (const [account] of movements(record))
    invariant(classOf(account) === "user", `a caller's entry moves no system account, as ${account} is`);
}

const hasFailed = ({ Code }: CancellationReason): boolean => Code === "ConditionalCheckFailed";

function theOne(refusals: ReadonlyMap<EntryId, PostingRefusal>): PostingRefusal {
  const [refusal] = refusals.values();
  invariant(refusal !== undefined, "a refused record has its reason");
  return refusal;
}
