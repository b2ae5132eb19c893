import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  addCounters,
  type Book,
  type Counters,
  noCounters,
  type UserAccountId,
} from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import { postingPartitions } from "./keys.ts";
import { countersOf, type PostingItem, postedEntryId } from "./posting-codec.ts";
import { newestOf, pagesOf } from "./reads.ts";

/** Which of its two times an entry counts by. */
export type Basis = "recorded" | "effective";

/** A page is a megabyte, some 5,000 postings: so many are read within the API's time. */
const pagesMax = 100;

/** More postings than one answer can read. */
export class TooManyPostings extends Error {
  override readonly name = "TooManyPostings";
}

/** The postings of user accounts, each written in the transaction of its entry. Strongly consistent. */
export class PostingStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  /** The entries that moved an account, newest first. `before`: the position that the page before gave. */
  async entries(
    book: Book,
    account: UserAccountId,
    { limit, before }: { readonly limit: number; readonly before?: string | undefined },
  ): Promise<{ ids: EntryId[]; next?: string }> {
    const found = (
      await Promise.all(
        postingPartitions(book, account).map((partition) =>
          newestOf<PostingItem>(this.#client, this.#table, partition, {
            limit: limit + 1,
            prefix: "entry#",
            before,
          }),
        ),
      )
    )
      .flat()
      .toSorted((a, b) => (a.sk < b.sk ? 1 : -1));
    const page = found.slice(0, limit);
    const last = page.at(-1);
    return {
      ids: page.map(postedEntryId),
      ...(found.length > limit && last !== undefined ? { next: last.sk } : {}),
    };
  }

  /** What all postings of an account come to, one page at a time, however many they are. */
  async total(
    book: Book,
    account: UserAccountId,
  ): Promise<{ readonly counters: Counters; readonly version: number }> {
    let [counters, version] = [noCounters, 0];
    for (const partition of postingPartitions(book, account)) {
      const query = { TableName: this.#table, KeyConditionExpression: "pk = :partition" };
      for await (const page of pagesOf<PostingItem>(this.#client, query, { ":partition": partition })) {
        counters = addCounters(counters, countersOf(page));
        version += page.length;
      }
    }
    return { counters, version };
  }

  /**
   * What an account's counters were at a moment, from the postings up to then.
   * @param at epoch milliseconds, inclusive
   * @throws TooManyPostings when the account has more than can be read at once.
   */
  async countersAt(
    book: Book,
    account: UserAccountId,
    at: number,
    basis: Basis,
  ): Promise<{ readonly counters: Counters; readonly version: number }> {
    const until: PostingItem[] = [];
    let pages = 0;
    for (const partition of postingPartitions(book, account)) {
      const query = { TableName: this.#table, KeyConditionExpression: "pk = :partition" };
      for await (const page of pagesOf<PostingItem>(this.#client, query, { ":partition": partition })) {
        pages += 1;
        if (pages > pagesMax)
          throw new TooManyPostings(`${account} has more than ${pagesMax} pages of postings`);
        until.push(
          ...page.filter(
            (posting) => (basis === "recorded" ? posting.recorded_at : posting.effective_at) <= at,
          ),
        );
      }
    }
    return { counters: countersOf(until), version: until.length };
  }
}
