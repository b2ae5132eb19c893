import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Failover } from "#core/failover/admit.ts";
import { reach } from "./client.ts";
import type { Key } from "./keys.ts";
import { newestOf } from "./reads.ts";
import type { StoredItem } from "./stored.ts";

/** Who decided that a region is lost, and why. */
export interface FailoverWord {
  readonly by: string;
  readonly reason: string;
  readonly evidence: string;
  /** From when on what was written may have arrived in part: epoch milliseconds. */
  readonly since: number;
}

interface FailoverItem extends Key, FailoverWord {
  readonly state: Failover["state"];
  readonly execution: string;
  /** Epoch milliseconds. */
  readonly began_at: number;
  readonly opened_at?: number;
}

export interface Begun {
  readonly since: number;
  readonly began: number;
}

/** Beside the dead letters, which belong to operators too and to no merchant. Failovers are few. */
const partition = "failovers";
/** No stage has this many epochs (adapters/dynamodb/fence.ts). */
const epochDigits = 6;
const keyOf = (epoch: number): Key => ({ pk: partition, sk: String(epoch).padStart(epochDigits, "0") });

/** Which region took over when, by whose word. It is replicated with everything else, so that each region knows. */
export class FailoverRegister {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** The one of the latest epoch. Strongly consistent. */
  async latest(): Promise<Failover | undefined> {
    const [item] = await newestOf<FailoverItem>(this.#client, this.#table, partition, { limit: 1 });
    return item === undefined ? undefined : { epoch: Number(item.sk), state: item.state };
  }

  /**
   * Writes down that it begins. Who goes on with one that began leaves its word as it is, but for `since`: of all starts
   * in an epoch the earliest counts, for what one of them was told of, no other may pass over.
   * @returns what stands: from when on to look, and when the first of them began, epoch milliseconds.
   */
  async begin(
    epoch: number,
    { by, reason, evidence, since }: FailoverWord,
    { execution, at }: { readonly execution: string; readonly at: number },
  ): Promise<Begun> {
    const first: Omit<FailoverItem, keyof Key | "since"> = {
      ...{ state: "begun", by, reason, evidence, execution, began_at: at },
    };
    const names = Object.keys(first);
    const whereNone = names.map((name) => `#${name} = if_not_exists(#${name}, :${name})`).join(", ");
    const values = Object.fromEntries(Object.entries(first).map(([name, value]) => [`:${name}`, value]));
    try {
      const { Attributes } = await reach(
        this.#client.send(
          new UpdateItemCommand({
            TableName: this.#table,
            Key: marshall(keyOf(epoch)),
            UpdateExpression: `SET since = :since, ${whereNone}`,
            ConditionExpression: "attribute_not_exists(since) OR since > :since",
            ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
            ExpressionAttributeValues: marshall({ ":since": since, ...values }),
            ReturnValues: "ALL_NEW",
            ReturnValuesOnConditionCheckFailure: "ALL_OLD",
          }),
        ),
      );
      return begunIn(Attributes);
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return begunIn(error.Item);
    }
  }

  /** Writes down that the region is open. @returns since when it is, epoch milliseconds: a second time changes nothing. */
  async open(epoch: number, at: number): Promise<number> {
    const { Attributes } = await reach(
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: marshall(keyOf(epoch)),
          UpdateExpression: "SET #state = :open, opened_at = if_not_exists(opened_at, :at)",
          ConditionExpression: "attribute_exists(pk)",
          ExpressionAttributeNames: { "#state": "state" },
          ExpressionAttributeValues: marshall({ ":open": "open", ":at": at }),
          ReturnValues: "ALL_NEW",
        }),
      ),
    );
    return (unmarshall(Attributes ?? {}) as FailoverItem).opened_at ?? at;
  }
}

function begunIn(item: StoredItem = {}): Begun {
  const { since, began_at: began } = unmarshall(item) as FailoverItem;
  return { since, began };
}
