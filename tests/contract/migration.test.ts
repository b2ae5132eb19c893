import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, type Pool } from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { booksPool } from "#adapters/books/connection.ts";
import { BooksBehind, migrateBooks } from "#adapters/books/migrations.ts";
import { startPostgres } from "#local/postgres/server.ts";
import { type BooksServer, someoneWaits, startBooksServer } from "#tests/support/books-server.ts";
import { withTls } from "#tests/support/books-tls.ts";

let server: BooksServer;
let owner: Client;

beforeAll(async () => {
  server = await startBooksServer();
  owner = server.owner;
});
afterAll(() => server?.stop());
beforeEach(() =>
  owner.query("DROP SCHEMA IF EXISTS books, settlement CASCADE; DROP TABLE IF EXISTS public.migrations"),
);

const root = join(import.meta.dirname, "../..");

/** Starts the program as the job does. @param more variables beside where the books are; undefined are left out */
function start(url: string, more: Readonly<Record<string, string | undefined>> = {}) {
  const { hostname, port, username, password, pathname } = new URL(url);
  const child = spawn(process.execPath, ["reconciler/migrate.ts"], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...{ AWS_REGION: "eu-west-1", BOOKS_HOST: hostname, BOOKS_PORT: port },
      ...{ BOOKS_DATABASE: pathname.slice(1), BOOKS_USER: username, BOOKS_PASSWORD: password, ...more },
    },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk) => {
      said += chunk;
    });
  const ended = once(child, "close").then(([code, signal]) => ({ code, signal, said }));
  return { child, ended };
}

/** How many files were carried out, by the journal and by what they made. */
async function made(): Promise<{ files: number; twice: number; functions: number }> {
  const { rows } = await owner.query(
    `SELECT (SELECT count(*)::int FROM public.migrations) AS files,
       (SELECT count(*)::int FROM (SELECT FROM public.migrations GROUP BY name HAVING count(*) > 1) AS twice) AS twice,
       (SELECT count(*)::int FROM pg_proc WHERE pronamespace IN ('books'::regnamespace, 'settlement'::regnamespace)) AS functions`,
  );
  return rows[0];
}

describe("the program that migrates the books", () => {
  test("makes them, and changes nothing when it runs again", async () => {
    expect(await start(server.url).ended).toMatchObject({
      code: 0,
      said: expect.stringContaining("made 0001-records"),
    });
    const first = await made();
    expect(first.files).toBeGreaterThan(10);
    expect(await start(server.url).ended).toEqual({ code: 0, signal: null, said: "" });
    expect(await made()).toEqual(first);
  });

  test("run twice at once, makes them once, and both end well", async () => {
    const [one, other] = await Promise.all([start(server.url).ended, start(server.url).ended]);
    expect([one.code, other.code]).toEqual([0, 0]);
    const lines = [one, other].flatMap(({ said }) =>
      said.split("\n").filter((line) => line.startsWith("made ")),
    );
    expect(new Set(lines).size).toBe(lines.length);
    expect((await made()).files).toBe(lines.length);
  });

  test("killed within a file, leaves nothing of it, and the next run goes on from there", async () => {
    await migrateBooks(owner);
    const whole = await made();
    await owner.query("DROP SCHEMA books, settlement CASCADE; TRUNCATE public.migrations");
    // It can make all of the first file, and cannot say so: within its transaction it waits.
    const holder = new Client(server.url);
    await holder.connect();
    await holder.query("BEGIN; LOCK TABLE public.migrations IN SHARE MODE");
    const { child, ended } = start(server.url);
    await someoneWaits(holder);
    child.kill("SIGKILL");
    expect(await ended).toMatchObject({ signal: "SIGKILL" });
    const next = start(server.url);
    await holder.query("ROLLBACK");
    await holder.end();
    expect(await next.ended).toMatchObject({ code: 0, said: expect.stringContaining("made 0001-records") });
    expect(await made()).toEqual(whole);
  });

  test("gives way where somebody holds a table, so that nobody waits behind it for long", async () => {
    await migrateBooks(owner);
    await owner.query("DROP SCHEMA books, settlement CASCADE; TRUNCATE public.migrations");
    const holder = new Client(server.url);
    await holder.connect();
    await holder.query("BEGIN; LOCK TABLE public.migrations IN SHARE MODE");
    const { code, said } = await start(server.url).ended;
    await holder.end();
    expect([code, said]).toEqual([1, expect.stringContaining("canceling statement due to lock timeout")]);
    expect((await start(server.url).ended).code).toBe(0);
  }, 30_000);
});

test("migrations only add: what pods of the image before use is still there, under its name", () => {
  const folder = join(root, "adapters/books/sql/migrations");
  // Those before were never carried out but on laptops, and changed each other.
  const later = readdirSync(folder).filter((file) => file > "0020");
  expect(later).not.toEqual([]);
  for (const file of later)
    expect(readFileSync(join(folder, file), "utf8"), file).not.toMatch(
      /\bDROP\s+(TABLE|COLUMN|SCHEMA|VIEW|FUNCTION|ROLE|TYPE)\b|\bRENAME\b|\bALTER\s+COLUMN\b.*\bTYPE\b|\bSET\s+NOT\s+NULL\b|\bREVOKE\b.*\bFROM\s+reconciler\b/i,
    );
});

test("a pod's connection brings no parameter, which RDS's proxy would refuse, and has its user's limit or asks for another", async () => {
  await migrateBooks(owner);
  await (await server.reconciler()).end();
  const { hostname, port } = new URL(server.url);
  const address = {
    ...{ host: hostname, port: Number(port), database: "books", user: "reconciler" },
    password: "told-to-nobody",
  };
  const settingsOf = async (pool: Pool) => {
    const { rows } = await pool.query(
      `SELECT name, setting, source FROM pg_settings WHERE name = 'statement_timeout' OR source = 'client' ORDER BY name`,
    );
    await pool.end();
    return rows.map(({ name, setting, source }) => [name, setting, source].join(" "));
  };
  const brought = ["application_name reconciler client", "client_encoding UTF8 client"];
  expect(await settingsOf(booksPool(address, "eu-west-1", 1))).toEqual([
    ...brought,
    "statement_timeout 60000 user",
  ]);
  expect(await settingsOf(booksPool(address, "eu-west-1", 1, 900_000))).toEqual([
    ...brought,
    "statement_timeout 900000 session",
  ]);
});

describe("as Aurora has an owner", () => {
  const name = "books_owner";
  let url: string;

  /** No superuser: it may make users and, as the master of RDS, let them sign in by IAM. */
  beforeEach(async () => {
    await owner.query(`DROP DATABASE IF EXISTS aurora WITH (FORCE)`);
    for (const role of ["reconciler", "finance", "auditor", "rds_iam", name])
      await owner.query(`DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN
        EXECUTE 'REASSIGN OWNED BY ${role} TO owner; DROP OWNED BY ${role}; DROP ROLE ${role}'; END IF; END $$`);
    await owner.query(`CREATE ROLE ${name} LOGIN CREATEROLE CREATEDB PASSWORD 'p'`);
    await owner.query(`CREATE DATABASE aurora OWNER ${name}`);
    url = server.url.replace(/\/\/[^@]+@/, `//${name}:p@`).replace(/\/books$/, "/aurora");
  });

  const signsIn = async () => {
    const { rows } = await owner.query<{ role: string }>(
      "SELECT member::regrole::text AS role FROM pg_auth_members WHERE roleid = 'rds_iam'::regrole ORDER BY 1",
    );
    return rows.map(({ role }) => role).filter((role) => role !== name);
  };

  test("it makes the books, and lets all users sign in by IAM", async () => {
    await owner.query(`CREATE ROLE rds_iam; GRANT rds_iam TO ${name} WITH ADMIN OPTION`);
    expect(await start(url).ended).toMatchObject({ code: 0 });
    expect(await signsIn()).toEqual(["auditor", "finance", "reconciler"]);
  });

  test("it makes them where there is no IAM", async () => {
    expect(await start(url).ended).toMatchObject({ code: 0 });
  });

  test("what a statement may take is said of each user, who brings no parameter", async () => {
    expect(await start(url).ended).toMatchObject({ code: 0 });
    const { rows } = await owner.query(
      `SELECT rolname AS role, setconfig AS config FROM pg_db_role_setting JOIN pg_roles ON pg_roles.oid = setrole ORDER BY 1`,
    );
    expect(rows).toEqual([
      { role: "auditor", config: ["statement_timeout=15min"] },
      { role: "finance", config: ["statement_timeout=15min"] },
      { role: "reconciler", config: ["statement_timeout=60s"] },
    ]);
  });
});

describe("without a password", () => {
  const keys = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret" };
  const withToken = (more: Readonly<Record<string, string>> = {}) =>
    start(server.url, { ...keys, BOOKS_PASSWORD: undefined, ...more }).ended;

  test("it speaks to nobody who does not speak TLS", async () => {
    const { code, said } = await withToken();
    expect([code, said]).toEqual([1, expect.stringContaining("The server does not support SSL connections")]);
  });

  test("it trusts no certificate but those of authorities that it knows; to those it brings a token", async () => {
    const byName = { BOOKS_HOST: "localhost" };
    await withTls(owner, { host: "localhost" }, async (certificate) => {
      expect((await withToken(byName)).said).toMatch(/self-signed certificate/);
      const known = await withToken({ ...byName, NODE_EXTRA_CA_CERTS: certificate });
      // A token of IAM is no password of this database: it was brought, and only past a certificate that holds.
      expect(known.said).toContain('password authentication failed for user "owner"');
      const byAnotherName = await withToken({ NODE_EXTRA_CA_CERTS: certificate });
      expect(byAnotherName.said).toMatch(/does not match certificate/);
    });
  }, 60_000);
});

describe("books that follow another region's", () => {
  /** Makes a PostgreSQL with what is said, ends it, and starts it again as one that only follows. */
  async function following(
    before: (client: Client) => Promise<unknown>,
    use: (url: string) => Promise<void>,
  ): Promise<void> {
    const directory = mkdtempSync(join(tmpdir(), "tallystick-follows-"));
    const start = () =>
      startPostgres(join(directory, "postgres"), { databaseName: "books", userName: "owner" });
    const leads = await start();
    const client = new Client(leads.url);
    await client.connect();
    await before(client);
    const { rows } = await client.query<{ folder: string }>(
      "SELECT current_setting('data_directory') AS folder",
    );
    const folder = rows[0]?.folder ?? "";
    await client.end();
    await leads.child.stop();
    const signal = join(folder, "standby.signal");
    writeFileSync(signal, "");
    const { uid, gid } = statSync(folder);
    chownSync(signal, uid, gid);
    const follows = await start();
    try {
      await use(follows.url);
    } finally {
      await follows.child.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  }

  test("are left alone where they have all, and pods may start", async () => {
    await following(migrateBooks, async (url) => {
      expect(await start(url).ended).toEqual({ code: 0, signal: null, said: "" });
    });
  }, 60_000);

  test("hold up pods that need more than they have, with what is missing and what to do", async () => {
    const without = async (client: Client) => {
      await migrateBooks(client);
      await client.query("DELETE FROM public.migrations WHERE name = '0015-closing.sql'");
    };
    await following(without, async (url) => {
      const client = new Client(url);
      await client.connect();
      const refused = migrateBooks(client);
      await expect(refused).rejects.toThrow(BooksBehind);
      await expect(refused).rejects.toThrow(
        "have not 0015-closing.sql: deploy there first, or promote these",
      );
      await client.end();
      expect(await start(url).ended).toMatchObject({ code: 1 });
    });
  }, 60_000);
});
