import { Client } from "pg";
import { comingIn } from "#adapters/books/connection.ts";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { readBooksSettings } from "./settings.ts";

/** Makes the books, or brings them to what this release needs; as their owner. Again it changes nothing. */
async function main(): Promise<void> {
  const { books, region } = readBooksSettings(process.env);
  const owner = new Client({ ...comingIn(books, region), application_name: "migrations", keepAlive: true });
  await owner.connect();
  try {
    for (const name of await migrateBooks(owner)) console.log(`made ${name}`);
  } finally {
    await owner.end();
  }
}

main().catch((thrown: unknown) => {
  console.error(thrown);
  process.exitCode = 1;
});
