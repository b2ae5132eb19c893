import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Failover } from "#core/failover/admit.ts";
import { reach } from "./client.ts";
import type { Key } from "./keys.ts";

/** Who decided that a region is lost, and why. */
export interface FailoverWord {
  readonly by: string;
  readonly reason: string;
  readonly evidence: string;
}

interface FailoverItem extends Key, FailoverWord {
  readonly state: Failover["state"];
  readonly execution: string;
  /** Epoch milliseconds. */
  readonly began_at: number;
  readonly opened_at?: number;
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
    const { Items = [] } = await reach(
      this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression: "pk = :partition",
          ExpressionAttributeValues: marshall({ ":partition": partition }),
          ScanIndexForward: false,
          ConsistentRead: true,
          Limit: 1,
        }),
      ),
    );
    const [item] = Items.map((each) => unmarshall(each) as FailoverItem);
    return item === undefined ? undefined : { epoch: Number(item.sk), state: item.state };
  }

  /** Writes down that it begins. Who goes on with one that began leaves the first word as it is. */
  async begin(
    epoch: number,
    { by, reason, evidence }: FailoverWord,
    { execution, at }: { readonly execution: string; readonly at: number },
  ): Promise<void> {
    const item: FailoverItem = {
      ...keyOf(epoch),
      ...{ state: "begun", by, reason, evidence, execution, began_at: at },
    };
    try {
      await reach(
        this.#client.send(
          new PutItemCommand({
            TableName: this.#table,
            Item: marshall(item),
            ConditionExpression: "attribute_not_exists(pk)",
          }),
        ),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
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
