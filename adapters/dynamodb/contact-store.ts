import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  PutItemCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { AddressId, Channel, Contact, ContactId } from "#core/notifications/contact.ts";
import type { NewsKind } from "#core/notifications/kinds.ts";
import { reach } from "./client.ts";
import type { Key } from "./keys.ts";
import type { Item } from "./payment-codec.ts";
import { getItem } from "./reads.ts";

/** All contacts of a merchant are one item: who is to be told is one read, and none is one too many. */
export const contactsKey = (merchant: Book): Key => ({ pk: merchant, sk: "contacts" });

/** Which merchants name an address. Its key starts with no book, as a client's: the address is not one merchant's. */
const addressKey = (address: AddressId): Key => ({ pk: `address#${address}`, sk: "address" });

/** Its address is under the name of what it is, so that whoever looks for card numbers knows a phone. */
interface StoredContact {
  readonly id: string;
  readonly email?: string;
  readonly phone?: string;
  readonly kinds: readonly NewsKind[];
  readonly subscription: string;
  readonly version: number;
  readonly created_at: number;
}

/** A merchant's contacts as they stand. */
export interface ContactList {
  readonly contacts: readonly Contact[];
  /** 0 where there never were any, and one more with each change of any of them. */
  readonly version: number;
}

/** What a merchant's item says; undefined where there is none. */
export function contactsIn(item: Item | undefined): ContactList {
  if (item === undefined) return { contacts: [], version: 0 };
  const { contacts, version } = unmarshall(item) as {
    contacts: readonly StoredContact[];
    version: number;
  };
  return {
    contacts: contacts.map(({ id, email, phone, created_at: createdAt, ...rest }) => ({
      ...rest,
      ...(phone === undefined ? inbox("email", email) : inbox("sms", phone)),
      id: id as ContactId,
      createdAt,
    })),
    version,
  };
}

const inbox = (channel: Channel, address = "") => ({ channel, address });

/** Contacts as merchants write them. Reads see every write that was answered. */
export class ContactStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async of(merchant: Book): Promise<ContactList> {
    return contactsIn(await getItem(this.#client, this.#table, contactsKey(merchant)));
  }

  /** @returns false when the list has changed since version `before`: nothing was written. */
  async replace(merchant: Book, contacts: readonly Contact[], before: number): Promise<boolean> {
    const stored = contacts.map(
      ({ channel, address, createdAt, ...rest }): StoredContact => ({
        ...rest,
        ...(channel === "sms" ? { phone: address } : { email: address }),
        created_at: createdAt,
      }),
    );
    const item = { ...contactsKey(merchant), contacts: stored, version: before + 1 };
    const put = new PutItemCommand({
      TableName: this.#table,
      Item: marshall(item),
      ConditionExpression: before === 0 ? "attribute_not_exists(pk)" : "version = :before",
      ...(before > 0 && { ExpressionAttributeValues: marshall({ ":before": before }) }),
    });
    try {
      await reach(this.#client.send(put));
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }

  /** Notes that a merchant names the address. */
  async hold(address: AddressId, merchant: Book): Promise<void> {
    await this.#update(address, "ADD merchants :merchant", merchant);
  }

  /** Notes that a merchant no longer names it. @returns whether another one does. */
  async release(address: AddressId, merchant: Book): Promise<boolean> {
    const left = await this.#update(address, "DELETE merchants :merchant", merchant);
    return left?.["merchants"] !== undefined;
  }

  async #update(address: AddressId, UpdateExpression: string, merchant: Book): Promise<Item | undefined> {
    const update = new UpdateItemCommand({
      TableName: this.#table,
      Key: marshall(addressKey(address)),
      UpdateExpression,
      ExpressionAttributeValues: { ":merchant": { SS: [merchant] } },
      ReturnValues: "ALL_NEW",
    });
    return (await reach(this.#client.send(update))).Attributes;
  }
}
