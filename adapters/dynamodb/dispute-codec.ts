import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Dispute } from "#core/disputes/dispute.ts";
import { type DisputeRecord, fromDisputeRecord, toDisputeRecord } from "#core/disputes/record.ts";
import { disputeKey, disputeListPartition, disputeNoteKey, listShardOf, listSortKey } from "./keys.ts";
import type { Item } from "./payment-codec.ts";

/** What a dispute's item has beside its record. */
type Keys = "pk" | "sk" | "list_pk" | "list_sk" | "epoch";

export function disputeItem(dispute: Dispute): Item {
  const { id: _id, book: _book, ...record } = toDisputeRecord(dispute);
  return marshall({
    ...disputeKey(dispute.book, dispute.id),
    list_pk: disputeListPartition(dispute.book, listShardOf(dispute.id)),
    list_sk: listSortKey(dispute.createdAt, dispute.id),
    ...record,
  });
}

export function disputeOf(item: Item): Dispute {
  const plain = unmarshall(item) as Omit<DisputeRecord, "id" | "book"> & Record<Keys, string>;
  const { pk, sk: _sk, list_pk: _listPk, list_sk: _listSk, epoch: _epoch, ...record } = plain;
  const [book = "", id = ""] = pk.split("#");
  return fromDisputeRecord({ ...record, id, book });
}

/** By which a dispute is found from its payment. */
export const disputeNote = ({ book, payment, id }: Dispute): Item =>
  marshall(disputeNoteKey(book, payment, id));
