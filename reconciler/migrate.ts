import { Client } from "pg";
import { migrateBooks } from "#adapters/books/migrations.ts";
import { readBooksAddress } from "./settings.ts";

/** Makes the books, or brings them to what this release needs; as their owner. Again it changes nothing. */
async function main(): Promise<void> {
  const { host, port, database, user, password } = readBooksAddress(process.env);
  const owner = new Client({ host, port, database, user, ...(password !== undefined && { password }) });
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
