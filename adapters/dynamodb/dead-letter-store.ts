import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { DeadLetter, DeadLetterId, DeadLetterOrigin, Replay } from "#core/operations/dead-letter.ts";
import { reach } from "./client.ts";
import type { Key } from "./keys.ts";
import { getItem } from "./reads.ts";

interface DeadLetterItem extends Key {
  readonly origin: DeadLetterOrigin;
  readonly reason: string;
  readonly payment?: string;
  readonly received_at: number;
  readonly replays: readonly Replay[];
}

/** Letters are rare, and belong to whoever operates the system, not to a merchant: one partition, by time. */
const partition = "dead_letters";
const keyOf = (id: DeadLetterId): Key => ({ pk: partition, sk: id });

/** What was given up, until a person has seen to it, and after. Nothing is ever deleted here. */
export class DeadLetterStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** Keeps a letter once: a second delivery of it must not forget that it was replayed. */
  async keep(letter: DeadLetter): Promise<void> {
    const { id, receivedAt, ...rest } = letter;
    const item: DeadLetterItem = { ...keyOf(id), ...rest, received_at: receivedAt };
    try {
      await reach(
        this.#client.send(
          new PutItemCommand({
            TableName: this.#table,
            Item: marshall(item, { removeUndefinedValues: true }),
            ConditionExpression: "attribute_not_exists(pk)",
          }),
        ),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
    }
  }

  async get(id: DeadLetterId): Promise<DeadLetter | undefined> {
    const item = await getItem(this.#client, this.#table, keyOf(id));
    return item === undefined ? undefined : letterOf(unmarshall(item) as DeadLetterItem);
  }

  /** Newest first. `before`: the id of the last letter of the page before. */
  async list(options: {
    readonly limit: number;
    readonly before?: string;
  }): Promise<{ readonly letters: readonly DeadLetter[]; readonly next?: string }> {
    const { Items = [], LastEvaluatedKey: rest } = await reach(
      this.#client.send(
        new QueryCommand({
          TableName: this.#table,
          KeyConditionExpression:
            options.before === undefined ? "pk = :partition" : "pk = :partition AND sk < :before",
          ExpressionAttributeValues: marshall({
            ":partition": partition,
            ...(options.before === undefined ? {} : { ":before": options.before }),
          }),
          ScanIndexForward: false,
          ConsistentRead: true,
          Limit: options.limit + 1,
        }),
      ),
    );
    const letters = Items.map((item) => letterOf(unmarshall(item) as DeadLetterItem));
    const page = letters.slice(0, options.limit);
    const last = page.at(-1);
    // A page may also end because it is large.
    const goesOn = letters.length > page.length || rest !== undefined;
    return {
      letters: page,
      ...(goesOn && last !== undefined ? { next: last.id } : {}),
    };
  }

  /** Writes down that a person replayed it. */
  async noteReplay(id: DeadLetterId, replay: Replay): Promise<void> {
    await reach(
      this.#client.send(
        new UpdateItemCommand({
          TableName: this.#table,
          Key: marshall(keyOf(id)),
          UpdateExpression: "SET replays = list_append(replays, :replay)",
          ConditionExpression: "attribute_exists(pk)",
          ExpressionAttributeValues: marshall({ ":replay": [replay] }),
        }),
      ),
    );
  }
}

function letterOf({
  sk,
  origin,
  reason,
  payment,
  received_at: receivedAt,
  replays,
}: DeadLetterItem): DeadLetter {
  return {
    id: sk as DeadLetterId,
    origin,
    reason,
    ...(payment === undefined ? {} : { payment }),
    receivedAt,
    replays,
  };
}
