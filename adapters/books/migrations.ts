import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "pg";

const folder = join(import.meta.dirname, "sql/migrations");
const ending = ".sql";

/** One was changed after it had been carried out: what is there is not what the files say. */
export class MigrationChanged extends Error {
  override readonly name = "MigrationChanged";
}

const journal = `CREATE TABLE IF NOT EXISTS public.migrations (
  name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;

/**
 * Makes the books, or brings them to what the files say: each file once, in a transaction of its own. Two that do so at
 * once wait for each other.
 * @param owner a connection of the database's owner
 * @returns the names of the files that were carried out.
 * @throws MigrationChanged
 */
export async function migrateBooks(owner: Client): Promise<readonly string[]> {
  await owner.query("SELECT pg_advisory_lock(hashtext('books.migrations'))");
  try {
    await owner.query(journal);
    const { rows } = await owner.query<{ name: string; digest: string }>(
      "SELECT name, digest FROM public.migrations",
    );
    const digests = new Map(rows.map(({ name, digest }) => [name, digest]));
    const applied: string[] = [];
    for (const file of readdirSync(folder).toSorted())
      if (await isCarriedOut(owner, file, digests)) applied.push(file.slice(0, -ending.length));
    return applied;
  } finally {
    await owner.query("SELECT pg_advisory_unlock(hashtext('books.migrations'))");
  }
}

async function isCarriedOut(
  owner: Client,
  file: string,
  digests: ReadonlyMap<string, string>,
): Promise<boolean> {
  const text = readFileSync(join(folder, file), "utf8");
  const digest = createHash("sha256").update(text).digest("hex");
  const was = digests.get(file);
  if (was === digest) return false;
  if (was !== undefined)
    throw new MigrationChanged(
      `${file} is not what was carried out: put it back as it was, and say what is new in a file of its own`,
    );
  await owner.query("BEGIN");
  try {
    await owner.query(text);
    await owner.query("INSERT INTO public.migrations (name, digest) VALUES ($1, $2)", [file, digest]);
    await owner.query("COMMIT");
  } catch (thrown) {
    await owner.query("ROLLBACK");
    throw thrown;
  }
  return true;
}
