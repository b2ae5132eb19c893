import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { dueAt } from "#core/payments/due.ts";
import type { Payment } from "#core/payments/payment.ts";
import { fromRecord, type PaymentRecord, toRecord } from "#core/payments/record.ts";
import type { Refund } from "#core/payments/refund.ts";
import { fromRefundRecord, type RefundRecord, toRefundRecord } from "#core/payments/refund-record.ts";
import { listPartition, listShardOf, listSortKey, paymentKey, refundKey } from "./keys.ts";

/** An item of the payments table. */
export type Item = Record<string, AttributeValue>;

/** What a payment's item has beside its record: keys, the places where indexes keep it, and in which epoch it was written. */
type Keys = "pk" | "sk" | "list_pk" | "list_sk" | "due_pk" | "due_at" | "epoch";

/**
 * The keys carry book and id; storing them twice would cost bytes in every write. `due_…` is there for as long as time
 * alone would end the payment, and so in no automatic one: the index costs them nothing.
 */
export function paymentItem(payment: Payment): Item {
  const { id: _id, book: _book, ...record } = toRecord(payment);
  const due = dueAt(payment);
  return marshall({
    ...paymentKey(payment.book, payment.id),
    list_pk: listPartition(payment.book, listShardOf(payment.id)),
    list_sk: listSortKey(payment.createdAt, payment.id),
    ...(due === undefined ? {} : { due_pk: payment.book, due_at: due }),
    ...record,
  });
}

export function paymentOf(item: Item): Payment {
  const plain = unmarshall(item) as Omit<PaymentRecord, "id" | "book"> & Record<Keys, string>;
  const {
    pk,
    sk: _sk,
    list_pk: _listPk,
    list_sk: _listSk,
    due_pk: _duePk,
    due_at: _dueAt,
    epoch: _epoch,
    ...record
  } = plain;
  const [book = "", id = ""] = pk.split("#");
  return fromRecord({ ...record, id, book });
}

export function refundItem(refund: Refund): Item {
  const { id: _id, book: _book, ...record } = toRefundRecord(refund);
  return marshall({ ...refundKey(refund.book, refund.id), ...record });
}

export function refundOf(item: Item): Refund {
  const plain = unmarshall(item) as Omit<RefundRecord, "id" | "book"> & Record<"pk" | "sk" | "epoch", string>;
  const { pk, sk: _sk, epoch: _epoch, ...record } = plain;
  const [book = "", id = ""] = pk.split("#");
  return fromRefundRecord({ ...record, id, book });
}
