import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { Book } from "#core/ledger/account.ts";
import type { ShardFold } from "#core/ledger/shard-fold.ts";
import { operatorBook } from "#core/settlement/entries.ts";
import { foldsByShard } from "./fold-store.ts";
import { allMerchants } from "./merchant-codec.ts";

/** What the ledger's books add up to, for whoever compares: it reads the folds, and no record of the journal. */
export class LedgerFolds {
  readonly #client: DynamoDBClient;
  readonly #tables: { readonly merchants: string; readonly ledger: string };

  constructor(client: DynamoDBClient, tables: { readonly merchants: string; readonly ledger: string }) {
    this.#client = client;
    this.#tables = tables;
  }

  /** All books that there may be: the merchants' and the operator's own. */
  async books(): Promise<readonly Book[]> {
    return [...(await allMerchants(this.#client, this.#tables.merchants)), operatorBook];
  }

  /** By the number of the shard of the book's journal. Strongly consistent. */
  folds(book: Book): Promise<readonly ShardFold[]> {
    return foldsByShard(this.#client, this.#tables.ledger, book);
  }
}
