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

/** The books follow another region's, and what they follow is not yet what the files say. */
export class BooksBehind extends Error {
  override readonly name = "BooksBehind";
}

/**
 * Milliseconds that a file waits for a table. Whoever wants the table meanwhile waits behind it: it gives way, and is tried
 * again.
 */
const lockMsMax = 10_000;

const journal = `CREATE TABLE IF NOT EXISTS public.migrations (
  name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`;

/**
 * Makes the books, or brings them to what the files say: each file once, in a transaction of its own. Two that do so at
 * once wait for each other, and what one had begun when it was killed is as if it had not been. Books that follow another
 * region's get what is new from there: of them it is only asked whether they have it.
 * @param owner a connection of the database's owner
 * @returns the names of the files that were carried out.
 * @throws MigrationChanged, BooksBehind; what PostgreSQL says, with SQLSTATE 55P03 where somebody held a table for too long
 */
export async function migrateBooks(owner: Client): Promise<readonly string[]> {
  if (await areFollowing(owner)) {
    await refuseBehind(owner);
    return [];
  }
  await owner.query("SELECT pg_advisory_lock(hashtext('books.migrations'))");
  try {
    await owner.query(journal);
    const digests = await carriedOut(owner);
    const applied: string[] = [];
    for (const file of files())
      if (await isCarriedOut(owner, file, digests)) applied.push(file.slice(0, -ending.length));
    return applied;
  } finally {
    // Where the connection is gone, so is the lock; and what ended it is what is told.
    await owner.query("SELECT pg_advisory_unlock(hashtext('books.migrations'))").catch(() => undefined);
  }
}

const files = (): readonly string[] => readdirSync(folder).toSorted();

async function carriedOut(owner: Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await owner.query<{ name: string; digest: string }>(
    "SELECT name, digest FROM public.migrations",
  );
  return new Map(rows.map(({ name, digest }) => [name, digest]));
}

async function areFollowing(owner: Client): Promise<boolean> {
  const { rows } = await owner.query<{ follows: boolean }>("SELECT pg_is_in_recovery() AS follows");
  return rows[0]?.follows === true;
}

async function refuseBehind(owner: Client): Promise<void> {
  const { rows } = await owner.query<{ made: boolean }>(
    "SELECT to_regclass('public.migrations') IS NOT NULL AS made",
  );
  const digests = rows[0]?.made === true ? await carriedOut(owner) : new Map<string, string>();
  const missing = files().filter((file) => !isThere(file, read(file), digests));
  if (missing.length > 0)
    throw new BooksBehind(
      `these books follow another region's, which have not ${missing.join(", ")}: deploy there first, or promote these`,
    );
}

interface MigrationFile {
  readonly text: string;
  readonly digest: string;
}

function read(file: string): MigrationFile {
  const text = readFileSync(join(folder, file), "utf8");
  return { text, digest: createHash("sha256").update(text).digest("hex") };
}

function isThere(file: string, { digest }: MigrationFile, digests: ReadonlyMap<string, string>): boolean {
  const was = digests.get(file);
  if (was !== undefined && was !== digest)
    throw new MigrationChanged(
      `${file} is not what was carried out: put it back as it was, and say what is new in a file of its own`,
    );
  return was === digest;
}

async function isCarriedOut(
  owner: Client,
  file: string,
  digests: ReadonlyMap<string, string>,
): Promise<boolean> {
  const { text, digest } = read(file);
  if (isThere(file, { text, digest }, digests)) return false;
  await owner.query("BEGIN");
  try {
    // To fill a column may take minutes; to wait for a table may not.
    await owner.query(`SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = ${lockMsMax}`);
    await owner.query(text);
    await owner.query("INSERT INTO public.migrations (name, digest) VALUES ($1, $2)", [file, digest]);
    await owner.query("COMMIT");
  } catch (thrown) {
    await owner.query("ROLLBACK").catch(() => undefined);
    throw thrown;
  }
  return true;
}
