import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  type TransactWriteItem,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Dispute } from "#core/disputes/dispute.ts";
import type { Book } from "#core/ledger/account.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import { type LegalHold, stands } from "#core/payments/legal-hold.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Refund } from "#core/payments/refund.ts";
import { sameTransition } from "#core/payments/replay.ts";
import { reach } from "./client.ts";
import { isAt, nothingStored } from "./conditions.ts";
import { outwait } from "./contention.ts";
import { disputeItem } from "./dispute-codec.ts";
import { type Epoch, fencedPut, refuseFenced } from "./fence.ts";
import { type Key, legalHoldKey, paymentKey, refundKey } from "./keys.ts";
import { paymentItem, paymentOf, refundItem, refundOf } from "./payment-codec.ts";
import { getItem, getItems } from "./reads.ts";
import { transact } from "./transact.ts";

interface Move<Of> {
  readonly before: Of;
  readonly after: Of;
}

/**
 * - `applied`: erased, also when an earlier try did it.
 * - `superseded`: the payment, or one of its refunds or disputes, has moved on. Nothing was written.
 * - `held`: a legal hold stands. Nothing was written.
 */
export type Redacted =
  | { readonly kind: "applied"; readonly payment: Payment }
  | { readonly kind: "superseded" | "held" };

/** Erases what people wrote on payments, and keeps the legal holds that forbid it. */
export class Redactions {
  readonly #client: DynamoDBClient;
  readonly #epoch: Epoch;
  readonly #table: string;

  constructor(client: DynamoDBClient, { payments }: { readonly payments: string }, epoch: Epoch) {
    this.#client = client;
    this.#epoch = epoch;
    this.#table = payments;
  }

  /**
   * Payment, refunds and disputes at once, unless a legal hold stands at that moment.
   * @throws StoreUnavailable, StoreContention: nothing is known to be written; the same change may be tried again.
   */
  async redact(
    { before, after }: Move<Payment>,
    refunds: readonly Move<Refund>[],
    disputes: readonly Move<Dispute>[] = [],
  ): Promise<Redacted> {
    const table = this.#table;
    const result = await transact(this.#client, this.#epoch, [
      { Put: { TableName: table, Item: paymentItem(after), ...isAt(before) } },
      this.#unheld(after.book, after.id),
      ...refunds.map((refund) => ({
        Put: { TableName: table, Item: refundItem(refund.after), ...isAt(refund.before) },
      })),
      ...this.#putsOf(disputes),
    ]);
    if (result.written) return { kind: "applied", payment: after };
    const [payment, hold] = result.reasons;
    if (payment?.Code === "ConditionalCheckFailed" && payment.Item !== undefined) {
      const stored = paymentOf(payment.Item);
      return sameTransition(stored, after) ? { kind: "applied", payment: stored } : { kind: "superseded" };
    }
    return { kind: hold?.Code === "ConditionalCheckFailed" ? "held" : "superseded" };
  }

  /** Disputes of a payment that was redacted before they were opened, unless a legal hold stands at that moment. */
  async redactDisputes(
    { book, id }: Payment,
    disputes: readonly Move<Dispute>[],
  ): Promise<"applied" | "superseded" | "held"> {
    const result = await transact(this.#client, this.#epoch, [
      this.#unheld(book, id),
      ...this.#putsOf(disputes),
    ]);
    if (result.written) return "applied";
    return result.reasons[0]?.Code === "ConditionalCheckFailed" ? "held" : "superseded";
  }

  #unheld(book: Book, id: PaymentId): TransactWriteItem {
    return {
      ConditionCheck: {
        TableName: this.#table,
        Key: marshall(legalHoldKey(book, id)),
        ConditionExpression: "attribute_not_exists(pk) OR stands = :no",
        ExpressionAttributeValues: { ":no": { BOOL: false } },
      },
    };
  }

  #putsOf(disputes: readonly Move<Dispute>[]): TransactWriteItem[] {
    return disputes.map(({ before, after }) => ({
      Put: { TableName: this.#table, Item: disputeItem(after), ...isAt(before) },
    }));
  }

  /** The refunds of a payment, strongly consistent, in the order in which they began. */
  async refundsOf({ book, refunds = [] }: Payment): Promise<readonly Refund[]> {
    if (refunds.length === 0) return [];
    const keys = refunds.map((id) => refundKey(book, id));
    return (await getItems(this.#client, this.#table, keys, { consistent: true })).map(refundOf);
  }

  /** Strongly consistent. */
  async hold(book: Book, id: PaymentId): Promise<LegalHold | undefined> {
    const item = await getItem(this.#client, this.#table, legalHoldKey(book, id));
    if (item === undefined) return undefined;
    const { version, placings } = unmarshall(item) as Pick<LegalHold, "version" | "placings">;
    return { payment: id, book, version, placings };
  }

  /** Writes a hold down as it now stands. @returns false when somebody else has placed or lifted one meanwhile. */
  async write(hold: LegalHold): Promise<boolean> {
    const { book, payment, version, placings } = hold;
    const key = legalHoldKey(book, payment);
    const item = { ...key, version, placings, stands: stands(hold) };
    const condition = version === 1 ? nothingStored : isAt({ version: version - 1 });
    const put = { TableName: this.#table, Item: marshall(item), ...condition };
    try {
      await outwait(() => reach(this.#client.send(new PutItemCommand(fencedPut(put, this.#epoch)))));
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      refuseFenced(error.Item, this.#epoch);
      return false;
    }
  }
}

/** The keys that payments' texts are sealed under, in their events and wherever those went. */
export class TextKeys {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /**
   * Of up to 100 payments; of one that was redacted there is none. Strongly consistent: what was erased is not shown a
   * moment longer. It reads the keys, and nothing else of a payment.
   * @throws StoreUnavailable when DynamoDB leaves out a part on every try.
   */
  async of(book: Book, payments: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const keys = [...new Set(payments)].map((id) => paymentKey(book, id as PaymentId));
    const items = await getItems(this.#client, this.#table, keys, {
      consistent: true,
      attributes: ["pk", "sk", "text_key"],
    });
    const found = items.map((item) => unmarshall(item) as Key & { readonly text_key?: string });
    return new Map(
      found.flatMap(({ pk, text_key: key }) => (key === undefined ? [] : [[pk.split("#")[1] ?? "", key]])),
    );
  }
}
