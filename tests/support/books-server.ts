import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, Pool } from "pg";
import { startPostgres } from "#local/postgres/server.ts";
import { eventually } from "./eventually.ts";

/** A PostgreSQL of a test's own, in which the books may be made. */
export interface BooksServer {
  /** As the owner of the database. */
  readonly url: string;
  readonly owner: Client;
  /** Connections of the reconciler's own user, whom the migrations make. Each call gives it a password anew. */
  reconciler(): Promise<Pool>;
  stop(): Promise<void>;
}

/** Starts it, with nothing in it. */
export async function startBooksServer(): Promise<BooksServer> {
  const directory = mkdtempSync(join(tmpdir(), "tallystick-books-"));
  const server = await startPostgres(join(directory, "postgres"), {
    databaseName: "books",
    userName: "owner",
  });
  const owner = new Client(server.url);
  await owner.connect();
  const pools: Pool[] = [];
  return {
    ...{ url: server.url, owner },
    reconciler: async () => {
      await owner.query("ALTER ROLE reconciler PASSWORD 'told-to-nobody'");
      const pool = new Pool({
        connectionString: server.url.replace(/\/\/[^@]+@/, "//reconciler:told-to-nobody@"),
      });
      // At the end the server may go before the last of its connections.
      pool.on("error", () => undefined);
      pools.push(pool);
      return pool;
    },
    stop: async () => {
      for (const pool of pools) if (!pool.ended) await pool.end();
      await owner.end();
      await server.child.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Empties the books, numbers of breaks included; what nobody may change too. */
export async function forgetBooks(owner: Client): Promise<void> {
  const { rows } = await owner.query<{ name: string }>(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname IN ('books', 'settlement')",
  );
  const names = rows.map(({ name }) => name).join(", ");
  await owner.query(
    `SET session_replication_role = replica; TRUNCATE ${names} RESTART IDENTITY; RESET session_replication_role`,
  );
}

/** Somebody waits for a lock that another one has. @param client may be within what holds it */
export const someoneWaits = (client: Client): Promise<true> =>
  eventually(async () => {
    const { rows } = await client.query("SELECT FROM pg_locks WHERE NOT granted");
    return rows.length > 0 ? true : undefined;
  });
