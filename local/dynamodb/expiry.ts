import { z } from "zod";
import { type DynamoDbEngine, DynamoDbFailure } from "./engine.ts";
import type { ExpiredItems } from "./expired-items.ts";
import type { TablePlan } from "./tables.ts";

const sweepEveryMs = 60_000;
/** What DynamoDB takes for a mistake and leaves alone. */
const ageSecondsMax = 5 * 365 * 24 * 3_600;

const page = z.object({
  Items: z.array(z.record(z.string(), z.unknown())),
  LastEvaluatedKey: z.record(z.string(), z.unknown()).optional(),
});

interface ExpiringTable {
  readonly name: string;
  readonly attribute: string;
  readonly keys: readonly string[];
}

/**
 * DynamoDB's time to live, which dynoxide stores and does not act on. As on AWS, an item lives on for a while after
 * its moment: each sweep reads one page (1 MB) of a table, so that a large one costs no more than a small one.
 */
export class Expiry {
  readonly #dynamoDb: DynamoDbEngine;
  readonly #tables: readonly ExpiringTable[];
  readonly #expired: ExpiredItems | undefined;
  /** Where the next sweep of a table goes on. */
  readonly #positions = new Map<string, unknown>();

  /** `expired` is told of each deletion. */
  constructor(dynamoDb: DynamoDbEngine, tables: readonly TablePlan[], expired?: ExpiredItems) {
    this.#dynamoDb = dynamoDb;
    this.#expired = expired;
    this.#tables = tables.flatMap(({ name, ttl, hashKey, rangeKey }) =>
      ttl?.enabled === true
        ? [
            {
              name,
              attribute: ttl.attributeName,
              keys: rangeKey === undefined ? [hashKey] : [hashKey, rangeKey],
            },
          ]
        : [],
    );
  }

  /** Sweeps every minute. @returns what ends it. */
  start(warn: (line: string) => void): () => void {
    const timer = setInterval(() => {
      this.sweep(Date.now()).catch((thrown: unknown) =>
        warn(`expired items stay for now: ${String(thrown)}`),
      );
    }, sweepEveryMs);
    timer.unref();
    return () => clearInterval(timer);
  }

  /** Deletes what had expired at `nowMs` (epoch milliseconds) on the next page of each table. */
  async sweep(nowMs: number): Promise<void> {
    for (const table of this.#tables) await this.#sweepPage(table, Math.floor(nowMs / 1_000));
  }

  async #sweepPage({ name, attribute, keys }: ExpiringTable, nowSeconds: number): Promise<void> {
    // A number in an interval: text that looks like one never expires, as on AWS.
    const expired = {
      ExpressionAttributeNames: { "#expires": attribute },
      ExpressionAttributeValues: {
        ":oldest": { N: String(nowSeconds - ageSecondsMax) },
        ":now": { N: String(nowSeconds) },
      },
    };
    const condition = "#expires < :now AND #expires > :oldest";
    const scan = {
      TableName: name,
      FilterExpression: condition,
      ...expired,
      ...(this.#positions.has(name) && { ExclusiveStartKey: this.#positions.get(name) }),
    };
    const { Items, LastEvaluatedKey } = page.parse(await this.#dynamoDb.call("Scan", scan));
    if (LastEvaluatedKey === undefined) this.#positions.delete(name);
    else this.#positions.set(name, LastEvaluatedKey);
    for (const item of Items) {
      const Key = Object.fromEntries(keys.map((key) => [key, item[key]]));
      this.#expired?.note(name, Key);
      // The condition again: the item may have been written anew since it was read.
      const deletion = { TableName: name, Key, ConditionExpression: condition, ...expired };
      await this.#dynamoDb.call("DeleteItem", deletion).catch(unlessRenewed);
    }
  }
}

function unlessRenewed(thrown: unknown): void {
  if (thrown instanceof DynamoDbFailure && thrown.exception === "ConditionalCheckFailedException") return;
  throw thrown;
}
