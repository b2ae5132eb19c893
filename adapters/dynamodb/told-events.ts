import { randomBytes } from "node:crypto";
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { PublishedEvent } from "#core/events/payment-event.ts";
import { reach } from "./client.ts";
import type { Key } from "./keys.ts";

/** A claim that this process made. */
export interface Claim {
  readonly key: Key;
  readonly by: string;
}

/** By payment, so that one busy merchant is not one busy partition. */
const claimKey = ({ book, id, data }: PublishedEvent): Key => ({ pk: `${book}#told#${data.id}`, sk: id });

/** Which events people were told of: one item of one write unit for each, which time ends. */
export class ToldEvents {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #keptSeconds: number;

  /** @param keptSeconds from the event's own time, so that a replay prolongs nothing. */
  constructor(client: DynamoDBClient, table: string, keptSeconds: number) {
    this.#client = client;
    this.#table = table;
    this.#keptSeconds = keptSeconds;
  }

  /**
   * Claims an event for whoever asks first.
   * @returns undefined when somebody has it already. @throws StoreUnavailable
   */
  async claim(event: PublishedEvent): Promise<Claim | undefined> {
    const claim: Claim = { key: claimKey(event), by: randomBytes(9).toString("base64url") };
    const expiresAt = Math.floor(Date.parse(event.created_at) / 1_000) + this.#keptSeconds;
    const put = new PutItemCommand({
      TableName: this.#table,
      Item: marshall({ ...claim.key, by: claim.by, expires_at: expiresAt }),
      ConditionExpression: "attribute_not_exists(pk)",
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    try {
      await reach(this.#client.send(put));
      return claim;
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      // After a lost reply the SDK puts it again, and meets its own first try.
      return error.Item?.["by"]?.S === claim.by ? claim : undefined;
    }
  }

  /** Gives a claim back: nobody was told. @throws StoreUnavailable */
  async release({ key, by }: Claim): Promise<void> {
    const remove = new DeleteItemCommand({
      TableName: this.#table,
      Key: marshall(key),
      ConditionExpression: "#by = :by",
      ExpressionAttributeNames: { "#by": "by" },
      ExpressionAttributeValues: marshall({ ":by": by }),
    });
    try {
      await reach(this.#client.send(remove));
    } catch (error) {
      // Already back: a first try whose reply was lost.
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }
}
