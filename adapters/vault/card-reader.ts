import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import type { KMSClient } from "@aws-sdk/client-kms";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { ParsedCard } from "#core/cards/card.ts";
import { CardUnreadable } from "#core/cards/card-unreadable.ts";
import { parseCardTokenId } from "#core/cards/token.ts";
import type { Book } from "#core/ledger/account.ts";
import { reach } from "../dynamodb/client.ts";
import { createKms } from "../kms/client.ts";
import { cardKey } from "./card-item.ts";
import { CardOpener } from "./card-opener.ts";

interface Names {
  readonly table: string;
  /** ARN of the key that seals cards. */
  readonly keyArn: string;
}

export const createCardReader = (client: DynamoDBClient, names: Names): CardReader =>
  new CardReader(client, createKms(), names);

/** Takes a card out of the vault, for one authorization. Loads nothing that seals. */
export class CardReader {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #opener: CardOpener;

  constructor(client: DynamoDBClient, kms: KMSClient, names: Names) {
    this.#client = client;
    this.#table = names.table;
    this.#opener = new CardOpener(kms, names.keyArn);
  }

  /**
   * Strongly consistent.
   * @returns undefined for what is no token, and for another merchant's.
   * @throws StoreUnavailable, KeysUnavailable: the same call may be tried again. CardUnreadable: never.
   */
  async reveal(book: Book, token: string): Promise<ParsedCard | undefined> {
    const id = parseCardTokenId(token);
    if (id === undefined) return undefined;
    const { Item } = await reach(
      this.#client.send(
        new GetItemCommand({
          TableName: this.#table,
          Key: marshall(cardKey(book, id)),
          ConsistentRead: true,
          ProjectionExpression: "card",
        }),
      ),
    );
    if (Item === undefined) return undefined;
    const sealed = Item["card"]?.B;
    if (sealed === undefined) throw new CardUnreadable(`${id} holds no card`);
    return this.#opener.open(book, id, sealed);
  }
}
