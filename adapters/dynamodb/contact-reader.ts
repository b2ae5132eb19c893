import { type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { Contact } from "#core/notifications/contact.ts";
import { reach } from "./client.ts";
import { contactsIn, contactsKey } from "./contact-store.ts";

/** News come far more often than contacts change; a change takes this long to reach every environment. */
const rememberedMs = 30_000;
/** Far more merchants than one environment sees in that time; beyond it the oldest are forgotten. */
const rememberedMax = 1_000;

/**
 * Whom merchants want to be told, remembered for a moment by each environment: also of a merchant who has none, for most
 * have none, and each of their payments would cost a read.
 */
export class ContactReader {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #now: () => number;
  readonly #remembered = new Map<
    Book,
    { readonly contacts: Promise<readonly Contact[]>; readonly until: number }
  >();

  constructor(client: DynamoDBClient, table: string, now: () => number = Date.now) {
    this.#client = client;
    this.#table = table;
    this.#now = now;
  }

  /** @throws StoreUnavailable */
  of(merchant: Book): Promise<readonly Contact[]> {
    const known = this.#remembered.get(merchant);
    if (known !== undefined && known.until > this.#now()) return known.contacts;
    // The promise, so that records of one batch ask once.
    const contacts = this.#read(merchant);
    this.#remember(merchant, contacts);
    contacts.catch(() => this.#remembered.delete(merchant));
    return contacts;
  }

  async #read(merchant: Book): Promise<readonly Contact[]> {
    const get = new GetItemCommand({ TableName: this.#table, Key: marshall(contactsKey(merchant)) });
    const { Item } = await reach(this.#client.send(get));
    return contactsIn(Item).contacts;
  }

  #remember(merchant: Book, contacts: Promise<readonly Contact[]>): void {
    this.#remembered.delete(merchant);
    const oldest = this.#remembered.keys().next();
    if (this.#remembered.size >= rememberedMax && !oldest.done) this.#remembered.delete(oldest.value);
    this.#remembered.set(merchant, { contacts, until: this.#now() + rememberedMs });
  }
}
