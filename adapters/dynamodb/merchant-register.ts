import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { Client, Merchant, Registered } from "#core/merchants/merchant.ts";
import { reach } from "./client.ts";
import {
  allProfiles,
  clientItem,
  merchantOf,
  type ProfileItem,
  profileItem,
  profileKey,
} from "./merchant-codec.ts";
import { getItem } from "./reads.ts";

/**
 * Merchants as operators write them. Nothing is remembered here, and reads see every write that was answered: an
 * operator decides on what stands, not on what stood a moment ago.
 */
export class MerchantRegister {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async find(id: Book): Promise<Registered | undefined> {
    const item = await getItem(this.#client, this.#table, profileKey(id));
    return item === undefined ? undefined : registeredOf(unmarshall(item) as ProfileItem);
  }

  /** A page in the order of ids, with whether more follow. */
  async list(page: {
    readonly limit: number;
    readonly after?: string;
  }): Promise<{ readonly registered: readonly Registered[]; readonly next: string | undefined }> {
    const { limit, after = "" } = page;
    const behind = (await allProfiles(this.#client, this.#table)).filter(({ pk }) => pk > after);
    const registered = behind.slice(0, limit).map(registeredOf);
    const next = behind.length > limit ? registered.at(-1)?.merchant.id : undefined;
    return { registered, next };
  }

  /** @returns false when there is a merchant of this id already: nothing was written. */
  create(merchant: Merchant): Promise<boolean> {
    return this.#put(profileItem(merchant, 1), "attribute_not_exists(pk)");
  }

  /** @returns false when the merchant has moved on since `before`: nothing was written. */
  change(merchant: Merchant, before: number): Promise<boolean> {
    return this.#put(profileItem(merchant, before + 1), "version = :before", { ":before": before });
  }

  /** From now on whoever signs in as this OAuth client speaks for its owner. */
  async link(clientId: string, client: Client): Promise<void> {
    const Item = marshall(clientItem(clientId, client));
    await reach(this.#client.send(new PutItemCommand({ TableName: this.#table, Item })));
  }

  async #put(
    item: ProfileItem,
    ConditionExpression: string,
    values?: Readonly<Record<string, unknown>>,
  ): Promise<boolean> {
    const put = new PutItemCommand({
      TableName: this.#table,
      Item: marshall(item),
      ConditionExpression,
      ...(values && { ExpressionAttributeValues: marshall(values) }),
    });
    try {
      await reach(this.#client.send(put));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

const registeredOf = (item: ProfileItem): Registered => ({
  merchant: merchantOf(item),
  version: item.version,
});
