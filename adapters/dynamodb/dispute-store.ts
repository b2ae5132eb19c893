import type { CancellationReason, DynamoDBClient, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { type Dispute, sameDispute } from "#core/disputes/dispute.ts";
import { type DisputeId, parseDisputeId } from "#core/disputes/ids.ts";
import type { DisputeChange, DisputeCommits, DisputeCommitted } from "#core/disputes/ports.ts";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import { openAvailable } from "./available-account.ts";
import { type Condition, isAt, nothingStored } from "./conditions.ts";
import { disputeItem, disputeNote, disputeOf } from "./dispute-codec.ts";
import type { Epoch } from "./fence.ts";
import { accountWrites } from "./guarded-accounts.ts";
import { journalItem } from "./journal-codec.ts";
import { disputeKey, disputeListPartition, disputeNotePrefix, type Key, paymentKey } from "./keys.ts";
import { requireLeftBehind } from "./left-behind.ts";
import type { Item } from "./payment-codec.ts";
import { ledgerOf, type PaymentTables } from "./payment-tables.ts";
import { getItem, getItems, newestOf } from "./reads.ts";
import { newestPlaces } from "./time-list.ts";
import { transact } from "./transact.ts";

/**
 * A card scheme lets a payment be disputed a few times at most. A redaction erases them in one transaction with the payment
 * and its refunds, `refundsMax`, and a transaction has a hundred items.
 */
const disputesOfPaymentMax = 40;

/** Disputes. Each step is one transaction over the dispute, the ledger and the accounts that it moves. */
export class DisputeStore implements DisputeCommits {
  readonly #client: DynamoDBClient;
  readonly #epoch: Epoch;
  readonly #tables: PaymentTables;

  constructor(client: DynamoDBClient, tables: PaymentTables, epoch: Epoch) {
    this.#client = client;
    this.#epoch = epoch;
    this.#tables = tables;
  }

  /** Strongly consistent. */
  async get(book: Book, id: DisputeId): Promise<Dispute | undefined> {
    const item = await getItem(this.#client, this.#tables.payments, disputeKey(book, id));
    return item === undefined ? undefined : disputeOf(item);
  }

  /** Newest first. The index lags by moments. `before`: the position that the page before gave. */
  async list(
    book: Book,
    { limit, before }: { readonly limit: number; readonly before?: string },
  ): Promise<{ disputes: Dispute[]; next?: string }> {
    const table = this.#tables.payments;
    const list = { readMax: limit + 1, before, partition: disputeListPartition };
    const { places } = await newestPlaces(this.#client, table, book, list);
    const page = places.slice(0, limit);
    const items = await getItems(
      this.#client,
      table,
      page.map(({ key }) => key),
      { consistent: false },
    );
    const last = page.at(-1);
    return {
      disputes: items.map(disputeOf),
      ...(places.length > page.length && last !== undefined ? { next: last.position } : {}),
    };
  }

  /** Those of a payment, strongly consistent, in no order that means anything. */
  async ofPayment(book: Book, payment: PaymentId): Promise<Dispute[]> {
    const table = this.#tables.payments;
    const { pk } = paymentKey(book, payment);
    const notes = await newestOf<Key>(this.#client, table, pk, {
      limit: disputesOfPaymentMax,
      prefix: disputeNotePrefix,
    });
    const keys = notes.flatMap(({ sk }) => {
      const id = parseDisputeId(sk.slice(disputeNotePrefix.length));
      return id === undefined ? [] : [disputeKey(book, id)];
    });
    if (keys.length === 0) return [];
    return (await getItems(this.#client, table, keys, { consistent: true })).map(disputeOf);
  }

  /** Writes again by what a dispute is found from its payment: a failover may have lost it. */
  async note(dispute: Dispute): Promise<void> {
    const put = { TableName: this.#tables.payments, Item: disputeNote(dispute) };
    await transact(this.#client, this.#epoch, [{ Put: put }]);
  }

  /**
   * Writes one step if the dispute is still at the version that it was decided on: when it opens, if there is none.
   * @throws StoreUnavailable, StoreContention: nothing is known to be written; the same change may be tried again.
   */
  async commitDispute(change: DisputeChange): Promise<DisputeCommitted> {
    const committed = await this.#commitOnce(change);
    if (committed.kind !== "refused" || committed.refusal !== "account_not_found") return committed;
    const { book, total } = change.after;
    const account = { book, currency: total.currency };
    await openAvailable(this.#client, ledgerOf(this.#tables), this.#epoch, account);
    return this.#commitOnce(change);
  }

  async #commitOnce(change: DisputeChange): Promise<DisputeCommitted> {
    const { before, after, journal } = change;
    invariant(after.version === (before?.version ?? 0) + 1, `${after.id} goes up by one version`);
    const accounts =
      journal === undefined ? undefined : accountWrites(ledgerOf(this.#tables), after.book, journal);
    // In this order: only behind a version and an id that are free does a refusal by an account mean one.
    const puts = this.#puts(change);
    const result = await transact(this.#client, this.#epoch, [...puts, ...(accounts?.items ?? [])]);
    if (result.written) return { kind: "applied", dispute: after };
    const reasons = [...result.reasons];
    const own = reasons.shift();
    if (hasFailed(own)) {
      invariant(own?.Item !== undefined, `${after.id} exists`);
      const stored = disputeOf(own.Item);
      return sameDispute(stored, after)
        ? { kind: "applied", dispute: stored }
        : { kind: "superseded", current: stored };
    }
    // The note of one that opens has no condition.
    if (before === undefined) reasons.shift();
    const journalReason = journal === undefined ? undefined : reasons.shift();
    if (hasFailed(journalReason) && journal !== undefined) {
      requireLeftBehind(journalReason?.Item, journal, this.#epoch);
      return this.#commitBehind(change);
    }
    invariant(accounts !== undefined, "only an account refuses behind versions and ids that are free");
    return { kind: "refused", refusal: accounts.refusalOf(reasons) };
  }

  /** What is to be posted was posted before a failover, and its dispute did not arrive: only the dispute follows. */
  async #commitBehind(change: DisputeChange): Promise<DisputeCommitted> {
    const own = this.#puts(change).filter(({ Put: put }) => put?.TableName !== this.#tables.ledger);
    const result = await transact(this.#client, this.#epoch, own);
    if (result.written) return { kind: "applied", dispute: change.after };
    const stored = await this.get(change.after.book, change.after.id);
    invariant(stored !== undefined, `${change.after.id} exists`);
    return { kind: "superseded", current: stored };
  }

  #puts({ before, after, journal }: DisputeChange): TransactWriteItem[] {
    const { payments } = this.#tables;
    const put = (TableName: string, Item: Item, condition?: Condition): TransactWriteItem => ({
      Put: { TableName, Item, ...condition },
    });
    return [
      put(payments, disputeItem(after), before === undefined ? nothingStored : isAt(before)),
      ...(before === undefined ? [put(payments, disputeNote(after))] : []),
      ...(journal === undefined
        ? []
        : [put(ledgerOf(this.#tables), marshall(journalItem(journal)), nothingStored)]),
    ];
  }
}

const hasFailed = (reason: CancellationReason | undefined): boolean =>
  reason?.Code === "ConditionalCheckFailed";
