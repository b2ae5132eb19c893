import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type TransactWriteItem,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Change, Committed, PaymentCommits } from "#core/payments/ports.ts";
import { sameCreation, sameTransition } from "#core/payments/replay.ts";
import { reach } from "./client.ts";
import { type Condition, isAt, nothingStored } from "./conditions.ts";
import { outwait } from "./contention.ts";
import { type Epoch, fencedPut, refuseFenced } from "./fence.ts";
import { accountWrites } from "./guarded-accounts.ts";
import { journalItem } from "./journal-codec.ts";
import { paymentKey } from "./keys.ts";
import { requireLeftBehind } from "./left-behind.ts";
import { paymentItem, paymentOf } from "./payment-codec.ts";
import { ledgerOf, type PaymentTables } from "./payment-tables.ts";
import { getItem, getItems } from "./reads.ts";
import { newestPlaces } from "./time-list.ts";
import { transact } from "./transact.ts";

export type Created = { readonly kind: "created" } | { readonly kind: "exists"; readonly payment: Payment };

/** Where a page of the list ends: the sort key of its last payment. */
export type ListPosition = string;

/** Payments, and the one transaction per step that moves them together with the ledger. Nothing is read before a write. */
export class PaymentStore implements PaymentCommits {
  readonly #client: DynamoDBClient;
  readonly #epoch: Epoch;
  readonly #tables: PaymentTables;

  constructor(client: DynamoDBClient, tables: PaymentTables, epoch: Epoch) {
    this.#client = client;
    this.#epoch = epoch;
    this.#tables = tables;
  }

  /** Puts a new payment once. This, and not the idempotency record, is what makes a request one payment for ever. */
  async create(payment: Payment): Promise<Created> {
    const stored = await this.#putIf(payment, nothingStored);
    // After a lost reply the SDK tries again and meets its own first try: nobody else would run this payment's saga.
    if (stored === undefined || sameCreation(stored, payment)) return { kind: "created" };
    return { kind: "exists", payment: stored };
  }

  /**
   * Writes one transition if the payment is still at the version that it was decided on.
   * @throws StoreUnavailable, StoreContention: nothing is known to be written; the same change may be tried again.
   */
  async commit({ before, after, journal }: Change): Promise<Committed> {
    invariant(after.version === before.version + 1, `${after.id} goes up by one version`);
    if (journal === undefined) {
      const stored = await this.#putIf(after, isAt(before));
      return stored === undefined ? { kind: "applied", payment: after } : settleReplay(stored, after);
    }
    return this.#commitWithJournal(before, after, journal);
  }

  /** Strongly consistent. */
  async get(book: Book, id: PaymentId): Promise<Payment | undefined> {
    const item = await getItem(this.#client, this.#tables.payments, paymentKey(book, id));
    return item === undefined ? undefined : paymentOf(item);
  }

  /** Whether there is such a payment. Reads its key and nothing else of it. */
  async exists(book: Book, id: PaymentId): Promise<boolean> {
    const { Item } = await reach(
      this.#client.send(
        new GetItemCommand({
          TableName: this.#tables.payments,
          Key: marshall(paymentKey(book, id)),
          ProjectionExpression: "pk, sk",
        }),
      ),
    );
    return Item !== undefined;
  }

  /** Newest first. The index lags by moments: a payment may be missing from a list that was just created. */
  async list(
    book: Book,
    options: { readonly limit: number; readonly before?: ListPosition },
  ): Promise<{ payments: Payment[]; next?: ListPosition }> {
    const { limit, before } = options;
    const table = this.#tables.payments;
    const { places } = await newestPlaces(this.#client, table, book, { readMax: limit + 1, before });
    const page = places.slice(0, limit);
    const keys = page.map(({ key }) => key);
    const items = await getItems(this.#client, table, keys, { consistent: false });
    const last = page.at(-1);
    return {
      payments: items.map(paymentOf),
      ...(places.length > page.length && last !== undefined ? { next: last.position } : {}),
    };
  }

  async #commitWithJournal(before: Payment, after: Payment, journal: JournalRecord): Promise<Committed> {
    const ledger = ledgerOf(this.#tables);
    const accounts = accountWrites(ledger, after.book, journal);
    // In this order: only behind a version and an id that are free does a refusal by an account mean one.
    const items: TransactWriteItem[] = [
      {
        Put: { TableName: this.#tables.payments, Item: paymentItem(after), ...isAt(before) },
      },
      {
        Put: {
          TableName: ledger,
          Item: marshall(journalItem(journal)),
          ...nothingStored,
        },
      },
      ...accounts.items,
    ];
    const result = await transact(this.#client, this.#epoch, items);
    if (result.written) return { kind: "applied", payment: after };

    const [paymentReason, journalReason, ...accountReasons] = result.reasons;
    if (paymentReason?.Code === "ConditionalCheckFailed") {
      invariant(paymentReason.Item !== undefined, `${after.id} exists`);
      return settleReplay(paymentOf(paymentReason.Item), after);
    }
    if (journalReason?.Code === "ConditionalCheckFailed") {
      requireLeftBehind(journalReason.Item, journal, this.#epoch);
      return this.commit({ before, after });
    }
    return { kind: "refused", refusal: accounts.refusalOf(accountReasons) };
  }

  /** @returns the payment that stands in the way, or undefined when the put was made. */
  #putIf(payment: Payment, condition: Condition): Promise<Payment | undefined> {
    return outwait(() => this.#putOnce(payment, condition));
  }

  async #putOnce(payment: Payment, condition: Condition): Promise<Payment | undefined> {
    try {
      await reach(
        this.#client.send(
          new PutItemCommand(
            fencedPut(
              { TableName: this.#tables.payments, Item: paymentItem(payment), ...condition },
              this.#epoch,
            ),
          ),
        ),
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      invariant(error.Item !== undefined, `${payment.id} exists`);
      refuseFenced(error.Item, this.#epoch);
      return paymentOf(error.Item);
    }
  }
}

const settleReplay = (stored: Payment, intended: Payment): Committed =>
  sameTransition(stored, intended)
    ? { kind: "applied", payment: stored }
    : { kind: "superseded", current: stored };
