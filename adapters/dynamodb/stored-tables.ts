import { type DynamoDBClient, ScanCommand, type ScanCommandOutput } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { Dispute } from "#core/disputes/dispute.ts";
import { type DisputeEvent, disputeEvent, isDisputeEventType } from "#core/events/dispute-event.ts";
import { type PublishedEvent, publishedEvent } from "#core/events/payment-event.ts";
import type { Book } from "#core/ledger/account.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import type { ShardFold } from "#core/ledger/shard-fold.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Refund } from "#core/payments/refund.ts";
import { type Finding, found } from "#core/proof/finding.ts";
import { checkKeys, checkTexts, type PlainItem } from "#core/proof/items.ts";
import type { StoredBook, WholeStore } from "#core/proof/proof.ts";
import type { AccountNote, DisputeNote, ExpiryNote, KeyedAnswer, StoredAccount } from "#core/proof/stored.ts";
import { operatorBook } from "#core/settlement/entries.ts";
import { reach } from "./client.ts";
import { decode, type StoredItem } from "./stored.ts";

/** The tables of a stage, in the order in which they are read: what others point at comes after those that point. */
export const storedTables = [
  "merchants",
  "dead-letters",
  "vault",
  "idempotency",
  "events",
  "payments",
  "ledger",
] as const;
type StoredTable = (typeof storedTables)[number];

interface Books {
  readonly payments: Payment[];
  readonly refunds: Refund[];
  readonly disputes: Dispute[];
  readonly disputeNotes: DisputeNote[];
  readonly accounts: StoredAccount[];
  readonly notes: AccountNote[];
  readonly expiring: ExpiryNote[];
  readonly journals: Map<string, JournalRecord[]>;
  readonly folds: Map<string, ShardFold>;
}

/**
 * Reads all that a stage has stored, strongly consistent and page by page, for whoever proves it. Memory holds the
 * decoded payments and the whole journal. It is no snapshot: what moves meanwhile is seen half, and must be looked at
 * again.
 */
export class StoredTables {
  readonly #client: DynamoDBClient;
  /** What stands before the name of a table: `tallystick-local-`. */
  readonly #prefix: string;

  constructor(client: DynamoDBClient, prefix: string) {
    this.#client = client;
    this.#prefix = prefix;
  }

  /** @param tell is called when a table was read */
  async read(tell: (table: string) => void = () => {}): Promise<WholeStore> {
    const reading = new Reading();
    for (const table of storedTables) {
      for await (const page of this.#pages(table)) for (const item of page) reading.take(table, item);
      tell(table);
    }
    return reading.whole();
  }

  async *#pages(table: StoredTable): AsyncGenerator<readonly StoredItem[]> {
    let start: ScanCommandOutput["LastEvaluatedKey"];
    do {
      const page: ScanCommandOutput = await reach(
        this.#client.send(
          new ScanCommand({
            TableName: this.#prefix + table,
            ConsistentRead: true,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        ),
      );
      yield page.Items ?? [];
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  }
}

/** Keys of these tables do not start with a book: whoever looks there does not know the book yet, or there is none. */
const withoutBook: ReadonlySet<StoredTable> = new Set(["merchants", "dead-letters"]);

class Reading {
  #count = 0;
  readonly #findings: Finding[] = [];
  readonly #merchants = new Set<string>();
  readonly #books = new Map<string, Books>();
  readonly #answers: KeyedAnswer[] = [];
  readonly #events: PublishedEvent[] = [];
  readonly #disputeEvents: DisputeEvent[] = [];

  take(table: StoredTable, item: StoredItem): void {
    this.#count += 1;
    const plain: PlainItem = unmarshall(item);
    const subject = `${plain["pk"]} ${plain["sk"]}`;
    this.#findings.push(...checkTexts(subject, plain));
    if (table === "merchants" && plain["sk"] === "profile") this.#merchants.add(String(plain["pk"]));
    if (!withoutBook.has(table))
      this.#findings.push(...checkKeys(plain, (book) => book === operatorBook || this.#merchants.has(book)));
    try {
      this.#decode(table, item, plain);
    } catch (error) {
      this.#findings.push(found("unreadable", subject, String(error)));
    }
  }

  #decode(table: StoredTable, item: StoredItem, plain: PlainItem): void {
    const book = this.#bookOf(String(plain["pk"]));
    switch (table) {
      case "merchants":
      case "dead-letters":
      case "vault":
        return;
      case "idempotency":
        this.#answers.push(...answerIn(plain));
        return;
      case "events":
        this.#told(plain["event"]);
        return;
      case "payments":
      case "ledger":
        keep(book, item);
        return;
    }
  }

  #told(event: unknown): void {
    const { type } = event as { readonly type?: string };
    if (isDisputeEventType(type)) this.#disputeEvents.push(disputeEvent.parse(event));
    else this.#events.push(publishedEvent.parse(event));
  }

  #bookOf(pk: string): Books {
    const name = pk.split("#")[0] ?? "";
    const known = this.#books.get(name);
    if (known !== undefined) return known;
    const book: Books = {
      payments: [],
      refunds: [],
      disputes: [],
      disputeNotes: [],
      accounts: [],
      notes: [],
      expiring: [],
      journals: new Map(),
      folds: new Map(),
    };
    this.#books.set(name, book);
    return book;
  }

  whole(): WholeStore {
    return {
      books: [...this.#books].filter(([name]) => name.startsWith("mer_")).map(bookOf),
      answers: this.#answers,
      events: this.#events,
      disputeEvents: this.#disputeEvents,
      items: { count: this.#count, findings: this.#findings },
    };
  }
}

function keep(book: Books, item: StoredItem): void {
  const decoded = decode(item);
  switch (decoded.kind) {
    case "payment":
      book.payments.push(decoded.payment);
      return;
    case "refund":
      book.refunds.push(decoded.refund);
      return;
    case "dispute":
      book.disputes.push(decoded.dispute);
      return;
    case "dispute_note":
      book.disputeNotes.push(decoded.note);
      return;
    case "account":
      book.accounts.push(decoded.account);
      return;
    case "note":
      book.notes.push(decoded.note);
      return;
    case "expiring":
      book.expiring.push(decoded.note);
      return;
    case "listed":
    case "legal_hold":
      return;
    case "fold":
      book.folds.set(decoded.shard, decoded.fold);
      return;
    case "journal": {
      const shard = book.journals.get(decoded.shard) ?? [];
      shard.push(decoded.record);
      book.journals.set(decoded.shard, shard);
      return;
    }
  }
}

function bookOf([name, { journals, folds, ...rest }]: [string, Books]): StoredBook {
  const shards = [...new Set([...journals.keys(), ...folds.keys()])].toSorted().map((shard) => {
    const fold = folds.get(shard);
    return { name: shard, journal: journals.get(shard) ?? [], ...(fold === undefined ? {} : { fold }) };
  });
  return { book: name as Book, ...rest, journal: [...journals.values()].flat(), shards };
}

/** What a key's answer says was made: 201, with a payment or a refund. Powertools keeps answers under `data`. */
function answerIn(plain: PlainItem): KeyedAnswer[] {
  const answer = plain["data"] as { readonly statusCode?: number; readonly json?: string } | undefined;
  if (answer?.statusCode !== 201 || answer.json === undefined) return [];
  const { id, object } = JSON.parse(answer.json) as { readonly id?: string; readonly object?: string };
  if (id === undefined || (object !== "payment" && object !== "refund")) return [];
  const book = String(plain["pk"]).split("#")[0] as Book;
  return [{ book, key: String(plain["sk"]), made: id }];
}
