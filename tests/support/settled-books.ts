import { Books } from "#adapters/books/books.ts";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { Settlement } from "#adapters/books/settlement.ts";
import { SettlementEntries } from "#adapters/books/settlement-entries.ts";
import { startBooksServer } from "./books-server.ts";

/** A PostgreSQL with books, and those who work with it as the reconciler does. */
export type SettledBooks = Awaited<ReturnType<typeof startSettledBooks>>;

export async function startSettledBooks() {
  const server = await startBooksServer();
  const { owner } = server;
  await migrateBooks(owner);
  const pool = await server.reconciler();
  return {
    ...{ server, owner, pool },
    ...{ books: new Books(pool), settlement: new Settlement(pool), entries: new SettlementEntries(pool) },
  };
}
