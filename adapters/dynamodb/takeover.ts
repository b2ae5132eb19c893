import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  type Put,
  PutItemCommand,
  type Update,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import { reach } from "./client.ts";
import { nothingStored } from "./conditions.ts";
import { outwait } from "./contention.ts";
import { type Epoch, fencedPut, fencedUpdate, refuseFenced } from "./fence.ts";
import { type JournalItem, journalItem, journalRecord } from "./journal-codec.ts";
import { journalPartition, type Key } from "./keys.ts";
import { pagesOf } from "./reads.ts";
import type { StoredItem } from "./stored.ts";

/** What a failover writes over another region's payments, and nothing else does. */
export class PaymentStamps {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #epoch: Epoch;

  constructor(client: DynamoDBClient, table: string, epoch: Epoch) {
    this.#client = client;
    this.#table = table;
    this.#epoch = epoch;
  }

  /**
   * Stamps an item of the payments table: from now on no writer of an earlier epoch writes over it.
   * @throws WriterFenced when a later epoch has it already.
   */
  async touch({ pk, sk }: Key): Promise<void> {
    const stamp = { Key: marshall({ pk, sk }), ConditionExpression: "attribute_exists(pk)" };
    await updateOver(this.#client, { TableName: this.#table, ...stamp, UpdateExpression: "" }, this.#epoch);
  }
}

/** What a failover writes over another region's ledger, and nothing else does. */
export class TakeOver {
  readonly epoch: Epoch;
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, { ledger }: { readonly ledger: string }, epoch: Epoch) {
    this.#client = client;
    this.#table = ledger;
    this.epoch = epoch;
  }

  /**
   * Puts a record into the journal that is not there. It completes what an earlier epoch has committed, and is of that
   * epoch: so the recount of its shard has it, and the stream does not bring it a second time (ADR 47).
   * @returns whether it was put; a record that is there stays as it is.
   */
  putRecord(record: JournalRecord): Promise<boolean> {
    const put = { TableName: this.#table, Item: marshall(journalItem(record)), ...nothingStored };
    return this.#put(put, this.#earlier);
  }

  /** Puts an item of the ledger where none is: an account, or by what an entry or a hold is found. */
  putMissing(item: StoredItem): Promise<boolean> {
    return this.#put({ TableName: this.#table, Item: { ...item }, ...nothingStored }, this.epoch);
  }

  /**
   * Changes an account in place. The condition names its version: nobody has posted to it since its entries were read.
   * @returns whether it was still at that version.
   */
  async changeAccount(update: Omit<Update, "TableName">): Promise<boolean> {
    return updateOver(this.#client, { ...update, TableName: this.#table }, this.epoch);
  }

  /** Takes away what points at an entry that is not there. */
  async forget({ pk, sk }: Key): Promise<void> {
    await reach(
      this.#client.send(new DeleteItemCommand({ TableName: this.#table, Key: marshall({ pk, sk }) })),
    );
  }

  /** The records of a shard of the journal that were written before this epoch, in pages: memory holds one. */
  async *recordsBefore(book: Book, shard: number): AsyncGenerator<readonly JournalRecord[]> {
    const query = { TableName: this.#table, KeyConditionExpression: "pk = :partition" };
    const pages = pagesOf<JournalItem & { readonly epoch?: number }>(this.#client, query, {
      ":partition": journalPartition(book, shard),
    });
    for await (const page of pages)
      yield page.filter(({ epoch = 0 }) => epoch < this.epoch).map(journalRecord);
  }

  get #earlier(): Epoch {
    return (this.epoch - 1) as Epoch;
  }

  async #put(put: Put, epoch: Epoch): Promise<boolean> {
    try {
      await outwait(() => reach(this.#client.send(new PutItemCommand(fencedPut(put, epoch)))));
      return true;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return false;
    }
  }
}

/** @returns whether its condition held. @throws WriterFenced when a later epoch has the item. */
async function updateOver(client: DynamoDBClient, update: Update, epoch: Epoch): Promise<boolean> {
  try {
    await outwait(() => reach(client.send(new UpdateItemCommand(fencedUpdate(update, epoch)))));
    return true;
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    refuseFenced(error.Item, epoch);
    return false;
  }
}
