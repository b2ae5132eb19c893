import type { DynamoDBClient, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import type { JournalEntry } from "#core/ledger/entry.ts";
import { entryRecord, movesTheSame } from "#core/ledger/journal.ts";
import type { Currency } from "#core/money/currency.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Change, Committed } from "#core/payments/ports.ts";
import { openAvailable } from "./available-account.ts";
import { isAt, nothingStored } from "./conditions.ts";
import { JournalDiffers } from "./errors.ts";
import type { Epoch } from "./fence.ts";
import { accountWrites } from "./guarded-accounts.ts";
import { type JournalItem, journalItem, journalRecord } from "./journal-codec.ts";
import { paymentKey } from "./keys.ts";
import { paymentItem, paymentOf } from "./payment-codec.ts";
import { PaymentStore } from "./payment-store.ts";
import { getItems } from "./reads.ts";
import { transact } from "./transact.ts";

/** A transaction has a hundred items: a payment and its entry are two, and its merchant's account is one for all. */
export const settledTogetherMax = 48;

/** What settlement writes to the ledger: payments that settle, and entries on system accounts. */
export class SettlementStore {
  readonly #client: DynamoDBClient;
  readonly #tables: { readonly payments: string; readonly ledger: string };
  readonly #epoch: Epoch;
  readonly #payments: PaymentStore;

  constructor(
    client: DynamoDBClient,
    tables: { readonly payments: string; readonly ledger: string },
    epoch: Epoch,
  ) {
    this.#client = client;
    this.#tables = tables;
    this.#epoch = epoch;
    this.#payments = new PaymentStore(client, tables, epoch);
  }

  /** Those that are there. Strongly consistent. @param ids up to 100 */
  async find(book: Book, ids: readonly PaymentId[]): Promise<Payment[]> {
    const keys = ids.map((id) => paymentKey(book, id));
    return (await getItems(this.#client, this.#tables.payments, keys, { consistent: true })).map(paymentOf);
  }

  /**
   * Settles payments of one book and currency in one transaction; where something stands in its way, each by itself. The
   * merchant's available account is opened by the first.
   * @param changes up to `settledTogetherMax`
   * @returns what became of each, in the order of `changes`
   * @throws StoreUnavailable, StoreContention: some may be settled; the same may be tried again.
   */
  async settle(changes: readonly Change[]): Promise<readonly Committed[]> {
    invariant(changes.length <= settledTogetherMax, `${changes.length} payments settle in one transaction`);
    const [first] = changes;
    if (first === undefined) return [];
    const { book, total } = first.after;
    if (await this.#settleTogether(book, changes))
      return changes.map(({ after }) => ({ kind: "applied", payment: after }));
    const committed: Committed[] = [];
    for (const change of changes) committed.push(await this.#settleAlone(book, total.currency, change));
    return committed;
  }

  /**
   * Posts an entry on accounts without limits. One that is there already is the same, or something is broken.
   * @throws JournalDiffers when another entry has its id: the books are older than the ledger.
   */
  async post(entry: JournalEntry): Promise<void> {
    const { ledger } = this.#tables;
    const intended = entryRecord(entry);
    const writes = accountWrites(ledger, entry.book, intended);
    invariant(writes.items.length === 0, `${entry.id} moves accounts without limits only`);
    const put = { TableName: ledger, Item: marshall(journalItem(intended)), ...nothingStored };
    const result = await transact(this.#client, this.#epoch, [{ Put: put }]);
    if (result.written) return;
    const stored = result.reasons[0]?.Item;
    if (stored === undefined || !movesTheSame(journalRecord(unmarshall(stored) as JournalItem), intended))
      throw new JournalDiffers(`${entry.id} is in the ledger, and says something else`);
  }

  async #settleTogether(book: Book, changes: readonly Change[]): Promise<boolean> {
    const { payments, ledger } = this.#tables;
    const records = changes.flatMap(({ journal }) => journal ?? []);
    const items: TransactWriteItem[] = [
      ...changes.map(({ before, after }) => ({
        Put: { TableName: payments, Item: paymentItem(after), ...isAt(before) },
      })),
      ...records.map((record) => ({
        Put: { TableName: ledger, Item: marshall(journalItem(record)), ...nothingStored },
      })),
      ...accountWrites(ledger, book, ...records).items,
    ];
    return (await transact(this.#client, this.#epoch, items)).written;
  }

  async #settleAlone(book: Book, currency: Currency, change: Change): Promise<Committed> {
    const committed = await this.#payments.commit(change);
    if (committed.kind !== "refused" || committed.refusal !== "account_not_found") return committed;
    await openAvailable(this.#client, this.#tables.ledger, this.#epoch, { book, currency });
    return this.#payments.commit(change);
  }
}
