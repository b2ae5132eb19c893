import type { CancellationReason, DynamoDBClient, TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { invariant } from "#core/kernel/invariant.ts";
import type { Book } from "#core/ledger/account.ts";
import type { RefundId } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { RefundChange, RefundCommits, RefundCommitted } from "#core/payments/ports.ts";
import type { Refund } from "#core/payments/refund.ts";
import { sameRefundTransition, sameTransition } from "#core/payments/replay.ts";
import { isAt, nothingStored } from "./conditions.ts";
import type { Epoch } from "./fence.ts";
import { accountWrites } from "./guarded-accounts.ts";
import { journalItem } from "./journal-codec.ts";
import { type Key, paymentKey, refundKey } from "./keys.ts";
import { requireLeftBehind } from "./left-behind.ts";
import { type Item, paymentItem, paymentOf, refundItem, refundOf } from "./payment-codec.ts";
import { ledgerOf, type PaymentTables } from "./payment-tables.ts";
import { getItem } from "./reads.ts";
import { transact } from "./transact.ts";

/** Refunds. Each step is one transaction over the refund, its payment, the ledger and the accounts that it moves. */
export class RefundStore implements RefundCommits {
  readonly #client: DynamoDBClient;
  readonly #epoch: Epoch;
  readonly #tables: PaymentTables;

  constructor(client: DynamoDBClient, tables: PaymentTables, epoch: Epoch) {
    this.#client = client;
    this.#epoch = epoch;
    this.#tables = tables;
  }

  /** Strongly consistent. */
  async get(book: Book, id: RefundId): Promise<Refund | undefined> {
    const item = await this.#read(refundKey(book, id));
    return item === undefined ? undefined : refundOf(item);
  }

  /**
   * Writes one step if refund and payment are still at the versions that it was decided on.
   * @throws StoreUnavailable, StoreContention: nothing is known to be written; the same change may be tried again.
   */
  async commitRefund(of: Payment, change: RefundChange): Promise<RefundCommitted> {
    const { refund, payment } = change;
    invariant(
      refund.after.version === (refund.before?.version ?? 0) + 1,
      `${refund.after.id} goes up by one`,
    );
    if (payment !== undefined)
      invariant(payment.after.version === payment.before.version + 1, `${of.id} goes up by one version`);
    const accounts =
      change.journal === undefined
        ? undefined
        : accountWrites(ledgerOf(this.#tables), of.book, change.journal);
    // In this order: only behind versions and an id that are free does a refusal by an account mean one.
    const items = [...this.#puts(change), ...(accounts?.items ?? [])];
    const result = await transact(this.#client, this.#epoch, items);
    if (result.written) return { kind: "applied", payment: payment?.after ?? of, refund: refund.after };

    const reasons = [...result.reasons];
    const paymentReason = payment === undefined ? undefined : reasons.shift();
    const refundReason = reasons.shift();
    if (hasFailed(paymentReason) || hasFailed(refundReason))
      return this.#settleReplay(of, change, paymentReason, refundReason);
    const journalReason = reasons.shift();
    if (hasFailed(journalReason) && change.journal !== undefined) {
      requireLeftBehind(journalReason?.Item, change.journal, this.#epoch);
      const { journal: _journal, ...rest } = change;
      return this.commitRefund(of, rest);
    }
    invariant(accounts !== undefined, "only an account refuses behind versions and ids that are free");
    return { kind: "refused", refusal: accounts.refusalOf(reasons) };
  }

  #puts({ payment, refund, journal }: RefundChange): TransactWriteItem[] {
    const table = this.#tables.payments;
    const begins = refund.before === undefined ? nothingStored : isAt(refund.before);
    return [
      ...(payment === undefined
        ? []
        : [{ Put: { TableName: table, Item: paymentItem(payment.after), ...isAt(payment.before) } }]),
      { Put: { TableName: table, Item: refundItem(refund.after), ...begins } },
      ...(journal === undefined
        ? []
        : [
            {
              Put: {
                TableName: ledgerOf(this.#tables),
                Item: marshall(journalItem(journal)),
                ...nothingStored,
              },
            },
          ]),
    ];
  }

  /** What stands in the way may be what this very step wrote on an earlier try. */
  async #settleReplay(
    of: Payment,
    change: RefundChange,
    paymentReason: CancellationReason | undefined,
    refundReason: CancellationReason | undefined,
  ): Promise<RefundCommitted> {
    const storedPayment = itemIn(paymentReason, paymentOf);
    const storedRefund = itemIn(refundReason, refundOf) ?? (await this.get(of.book, change.refund.after.id));
    if (storedRefund !== undefined && wasWritten(change, storedPayment, storedRefund))
      return { kind: "applied", payment: storedPayment ?? of, refund: storedRefund };
    const current = storedPayment ?? (await this.#payment(of));
    return { kind: "superseded", payment: current, refund: storedRefund };
  }

  async #payment({ book, id }: Payment): Promise<Payment> {
    const item = await this.#read(paymentKey(book, id));
    invariant(item !== undefined, `${id} exists`);
    return paymentOf(item);
  }

  #read(key: Key): Promise<Item | undefined> {
    return getItem(this.#client, this.#tables.payments, key);
  }
}

/** Whether what is stored is what a change was about to write: by an earlier try of it, whose reply was lost. */
function wasWritten(
  { payment, refund }: RefundChange,
  storedPayment: Payment | undefined,
  storedRefund: Refund,
): boolean {
  if (payment === undefined) return sameRefundTransition(storedRefund, refund.after);
  if (storedPayment === undefined || !sameTransition(storedPayment, payment.after)) return false;
  // The payment is the narrower gate, but does not tell two words about its refund apart. Only the hold moves a refund on
  // by itself, and then it is ahead of what the step wrote.
  return storedRefund.version > refund.after.version || sameRefundTransition(storedRefund, refund.after);
}

const hasFailed = (reason: CancellationReason | undefined): boolean =>
  reason?.Code === "ConditionalCheckFailed";

const itemIn = <Stored>(
  reason: CancellationReason | undefined,
  read: (item: Item) => Stored,
): Stored | undefined => (hasFailed(reason) && reason?.Item !== undefined ? read(reason.Item) : undefined);
