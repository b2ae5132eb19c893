import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import {
  foldOn,
  hasFollowed,
  isSameFold,
  nothingFolded,
  type ShardFold,
  type StreamedRecord,
} from "#core/ledger/shard-fold.ts";
import { reach } from "./client.ts";
import { StoreContention } from "./errors.ts";
import { type Epoch, epochOf, fencedPut, refuseFenced } from "./fence.ts";
import { type FoldItem, foldItem, shardFold } from "./fold-codec.ts";
import { foldKey, foldPartition, journalShards, type Key } from "./keys.ts";
import { getItem, pagesOf } from "./reads.ts";
import type { StoredItem } from "./stored.ts";

/** Another folder got in between: once when Lambda moves a shard, more often never. */
const triesMax = 4;

/** A book has 16 shards: those of 250 busy books. Beyond it the oldest are forgotten, and read again. */
const rememberedMax = 4_000;

/** The folds of the journal: one item per book and shard. */
export class FoldStore {
  readonly #client: DynamoDBClient;
  readonly #epoch: Epoch;
  readonly #table: string;
  readonly #remembered = new Map<string, ShardFold>();

  constructor(client: DynamoDBClient, table: string, epoch: Epoch) {
    this.#client = client;
    this.#epoch = epoch;
    this.#table = table;
  }

  /** The folds of a book that exist. Strongly consistent. */
  async read(book: Book): Promise<ShardFold[]> {
    return (await foldItems(this.#client, this.#table, book)).map(shardFold);
  }

  /**
   * Counts records of one shard, in the order of the stream, each exactly once however often it is brought: counters
   * and watermark are one item, and it is replaced only where it still is as it was counted on.
   * @throws StoreUnavailable, StoreContention: the same records may be brought again.
   */
  async count(journalPk: string, records: readonly StreamedRecord[]): Promise<void> {
    const key = foldKey(journalPk);
    // What this process wrote last is still right nearly always, and where it is not, the condition says so.
    let before = this.#remembered.get(journalPk) ?? (await this.#get(key));
    for (let attempt = 0; attempt < triesMax; attempt += 1) {
      const after = foldOn(before, records);
      const inTheWay = after === before ? undefined : await this.#replace(key, before, after);
      this.#remember(journalPk, inTheWay ?? after);
      if (inTheWay === undefined) return;
      before = inTheWay;
    }
    throw new StoreContention(`${triesMax} tries met another folder on ${key.pk} ${key.sk}`);
  }

  /**
   * Replaces a fold by what a failover counts from the journal. One that has counted on from there, by the stream of
   * this region, stays: what it has counted since is in no other place. A shard without records gets its fold too: else
   * a second failover of this epoch could not tell what was counted since from what another region left.
   * @returns what was counted; undefined when nothing had to be.
   */
  async recount(journalPk: string, count: () => Promise<ShardFold>): Promise<ShardFold | undefined> {
    const key = foldKey(journalPk);
    let before: ShardFold & Stamped = await this.#get(key);
    if (hasFollowed(before, this.#epoch)) return undefined;
    const counted = await count();
    // A book that began in this epoch: all of it comes by the stream, from its first record.
    const isNew = ({ epoch, countedBefore }: typeof before) =>
      counted.records === 0 && epoch === this.#epoch && countedBefore !== epoch;
    for (let attempt = 0; attempt < triesMax; attempt += 1) {
      if (hasFollowed(before, this.#epoch) || isNew(before) || isSameFold(before, counted)) return undefined;
      const inTheWay = await this.#replace(key, before, counted);
      if (inTheWay === undefined) return counted;
      before = inTheWay;
    }
    throw new StoreContention(`${triesMax} tries met a folder on ${key.pk} ${key.sk}`);
  }

  async #get(key: Key): Promise<ShardFold & Stamped> {
    return foldIn(await getItem(this.#client, this.#table, key));
  }

  /** @returns the fold that stands in the way, or undefined when it was replaced. */
  async #replace(key: Key, before: ShardFold, after: ShardFold): Promise<(ShardFold & Stamped) | undefined> {
    try {
      await reach(
        this.#client.send(
          new PutItemCommand(
            fencedPut(
              { TableName: this.#table, Item: marshall(foldItem(key, after)), ...standsAt(before) },
              this.#epoch,
            ),
          ),
        ),
      );
      return undefined;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      refuseFenced(error.Item, this.#epoch);
      return foldIn(error.Item);
    }
  }

  #remember(journalPk: string, fold: ShardFold): void {
    const oldest = this.#remembered.keys().next();
    if (this.#remembered.size >= rememberedMax && !oldest.done) this.#remembered.delete(oldest.value);
    this.#remembered.set(journalPk, fold);
  }
}

/**
 * The folds of all shards of a book's journal, by their numbers; of a shard that has none, one that counts nothing. Strongly
 * consistent.
 */
export async function foldsByShard(client: DynamoDBClient, table: string, book: Book): Promise<ShardFold[]> {
  const items = new Map((await foldItems(client, table, book)).map((item) => [Number(item.sk), item]));
  return Array.from({ length: journalShards }, (_, shard) => {
    const item = items.get(shard);
    return item === undefined ? nothingFolded : shardFold(item);
  });
}

async function foldItems(client: DynamoDBClient, table: string, book: Book): Promise<FoldItem[]> {
  const query = { TableName: table, KeyConditionExpression: "pk = :partition" };
  const items: FoldItem[] = [];
  for await (const page of pagesOf<FoldItem>(client, query, { ":partition": foldPartition(book) }))
    items.push(...page);
  return items;
}

/** In which epoch an item was last written; left out where it was in none. */
interface Stamped {
  readonly epoch?: number;
}

function foldIn(item: StoredItem | undefined): ShardFold & Stamped {
  if (item === undefined) return nothingFolded;
  return { ...shardFold(unmarshall(item) as FoldItem), epoch: epochOf(item) };
}

const standsAt = (before: ShardFold) =>
  before.watermark === ""
    ? { ConditionExpression: "attribute_not_exists(pk)" }
    : {
        ConditionExpression: "watermark = :watermark",
        ExpressionAttributeValues: { ":watermark": { S: before.watermark } },
      };
