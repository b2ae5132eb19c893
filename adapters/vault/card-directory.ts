import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { type CardToken, parseCardTokenId } from "#core/cards/token.ts";
import type { Book } from "#core/ledger/account.ts";
import { reach } from "../dynamodb/client.ts";
import { cardKey, type PublicPart, publicAttributes, tokenFrom } from "./card-item.ts";

/** Reads what anyone who handles payments may know of a card. Never asks for the card itself, and has no key to it. */
export class CardDirectory {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /**
   * Strongly consistent: a token is used moments after it was made.
   * @returns undefined for what is no token, and for another merchant's.
   * @throws StoreUnavailable.
   */
  async describe(book: Book, token: string): Promise<CardToken | undefined> {
    const id = parseCardTokenId(token);
    if (id === undefined) return undefined;
    const { Item } = await reach(
      this.#client.send(
        new GetItemCommand({
          TableName: this.#table,
          Key: marshall(cardKey(book, id)),
          ConsistentRead: true,
          ProjectionExpression: publicAttributes.join(", "),
        }),
      ),
    );
    return Item === undefined ? undefined : tokenFrom(id, unmarshall(Item) as PublicPart);
  }
}
