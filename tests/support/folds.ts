import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import type { Book } from "#core/ledger/account.ts";
import type { JournalRecord } from "#core/ledger/journal.ts";
import { sumOfFolds } from "#core/ledger/shard-fold.ts";
import type { Endpoints } from "#local/endpoints.ts";
import { clientOptions } from "./tables.ts";

const ledger = "tallystick-local-ledger";
const lagMsMax = 15_000;
const pollMs = 10;

/** Every record of a book's journal, read beside the system. */
export async function journalOf({ dynamodb }: Endpoints, book: string): Promise<JournalRecord[]> {
  const client = new DynamoDBClient({ ...clientOptions, endpoint: dynamodb });
  try {
    const records: JournalRecord[] = [];
    for await (const record of new JournalStore(client, ledger).read(book as Book)) records.push(record);
    return records;
  } finally {
    client.destroy();
  }
}

/**
 * Waits until the folder has counted each record that the books' journals have by now: from then on balances include
 * whatever was answered before. @throws when it does not come to that in 15 s.
 */
export async function counted(endpoints: Endpoints, ...books: readonly string[]): Promise<void> {
  const client = new DynamoDBClient({ ...clientOptions, endpoint: endpoints.dynamodb });
  try {
    for (const book of books.length === 0 ? ["mer_demo"] : books) {
      const { length } = await journalOf(endpoints, book);
      const deadline = performance.now() + lagMsMax;
      while (
        sumOfFolds(await new FoldStore(client, ledger, firstEpoch).read(book as Book)).records < length
      ) {
        if (performance.now() > deadline) throw new Error(`the folds of ${book} stay behind its journal`);
        await sleep(pollMs);
      }
    }
  } finally {
    client.destroy();
  }
}
