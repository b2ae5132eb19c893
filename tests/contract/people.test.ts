import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { showBank } from "#cli/bank.ts";
import { showStatement, showTrialBalance } from "#cli/books.ts";
import { withBooks } from "#cli/books-pool.ts";
import { closePeriod, showClosings } from "#cli/closing.ts";
import { showLarge, showSafeguarding } from "#cli/finance.ts";
import { writeStatements } from "#cli/merchant-statement.ts";
import { Refusal } from "#cli/refusal.ts";
import {
  agreeTerms,
  listBreaks,
  noteBreak,
  showBreak,
  showBreakAges,
  showFiles,
  showFlaws,
  showSuspense,
  showTerms,
} from "#cli/settlement.ts";
import { forgetBooks } from "#tests/support/books-server.ts";
import { withTls } from "#tests/support/books-tls.ts";
import { demo, noon } from "#tests/support/examples.ts";
import { captured, dayOf, line } from "#tests/support/settled.ts";
import { type SettledBooks, startSettledBooks } from "#tests/support/settled-books.ts";

const people = ["finance", "auditor"] as const;
type Person = (typeof people)[number];

let server: SettledBooks["server"];
let owner: SettledBooks["owner"];
let books: SettledBooks["books"];
let settlement: SettledBooks["settlement"];
const urlOf = (person: Person): string => server.url.replace(/\/\/[^@]+@/, `//${person}:${person}@`);

beforeAll(async () => {
  ({ server, owner, books, settlement } = await startSettledBooks());
  for (const person of people) await owner.query(`ALTER ROLE ${person} PASSWORD '${person}'`);
});
afterAll(() => server?.stop());

/** An acquirer said less than was captured: a break is open. */
beforeEach(async () => {
  await forgetBooks(owner);
  await books.post([captured(1, 100n)]);
  const file = await settlement.begin(
    { bucket: "inbound", key: "alpha/1.csv", version: "1", acquirer: "alpha" },
    new Date(noon),
  );
  await settlement.take(file, [line(1, 1, 60n)], new Date(noon));
  await settlement.finish(file, new Date(noon));
});
const openBreak = async (url: string): Promise<string> => {
  const [name] = /brk_\d+/.exec(await listBreaks(url, false)) ?? [];
  if (name === undefined) throw new Error("no break is open");
  return name;
};
const today = dayOf(noon);

describe.each(people)("as %s", (person) => {
  // biome-ignore format: a table is read in rows
  const reading: Readonly<Record<string, (url: string) => Promise<unknown>>> = {
    "books trial-balance": (url) => showTrialBalance(url, undefined),
    "books statement": (url) => showStatement(url, "acc_cash", { merchant: demo, since: today, until: today }),
    "books safeguarding": (url) => showSafeguarding(url, undefined, false),
    "books large": (url) => showLarge(url, { since: today, currency: "USD", csv: false }),
    "books closings": showClosings,
    "statement": (url) => writeStatements(url, { merchant: demo, date: today, to: "-" }, new PassThrough().resume()),
    "settlement files": showFiles,
    "settlement flaws": (url) => showFlaws(url, "alpha/1.csv"),
    "settlement terms": showTerms,
    "settlement bank": showBank,
    "settlement suspense": showSuspense,
    "breaks list": (url) => listBreaks(url, true),
    "breaks ages": showBreakAges,
    "breaks show": async (url) => showBreak(url, await openBreak(url)),
  };

  test.each(Object.entries(reading))("%s answers what it answers the owner", async (_, ask) => {
    expect(await ask(urlOf(person))).toEqual(await ask(server.url));
  });

  test.each([
    "SELECT books.post('[]')",
    "SELECT books.park('x', 'y')",
    "SELECT books.keep_proof(1, now())",
    "SELECT settlement.take(1, '[]', now())",
    "SELECT settlement.posted(1, now())",
    "SELECT settlement.claim(1, now(), now())",
    "INSERT INTO books.closings (ends_on, closed_by) VALUES ('2020-01-01', 'me')",
    "UPDATE settlement.breaks SET closed_at = now()",
    "DELETE FROM settlement.flaws",
    "TRUNCATE books.parked",
    "CREATE TABLE books.mine (one int)",
    "CREATE FUNCTION settlement.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "DROP TABLE public.migrations",
    "SET ROLE reconciler",
    "ALTER ROLE reconciler PASSWORD 'mine'",
  ])("nobody may: %s", async (statement) => {
    await withBooks(urlOf(person), async (pool) => {
      await expect(pool.query(statement)).rejects.toThrow(/permission denied|must be owner/);
    });
  });

  test("reads each table there is, and writes to none", async () => {
    const { rows } = await owner.query<{ name: string; reads: boolean; writes: boolean }>(
      `SELECT oid::regclass::text AS name, has_table_privilege($1, oid, 'SELECT') AS reads,
         has_table_privilege($1, oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') AS writes
       FROM pg_class WHERE relkind IN ('r', 'v', 'm') AND relnamespace IN ('books'::regnamespace, 'settlement'::regnamespace)`,
      [person],
    );
    expect(rows.length).toBeGreaterThan(15);
    expect(rows.filter(({ reads, writes }) => !reads || writes)).toEqual([]);
  });
});

test("what a later file makes is read too, and written to by nobody", async () => {
  await owner.query("CREATE TABLE settlement.later (one int)");
  try {
    for (const person of people)
      await withBooks(urlOf(person), async (pool) => {
        expect((await pool.query("SELECT FROM settlement.later")).rows).toEqual([]);
        await expect(pool.query("INSERT INTO settlement.later VALUES (1)")).rejects.toThrow(
          "permission denied",
        );
      });
  } finally {
    await owner.query("DROP TABLE settlement.later");
  }
});

test("finance decides, and does nothing else that changes anything; an auditor changes nothing", async () => {
  const changing = async (person: Person) => {
    const { rows } = await owner.query<{ name: string }>(
      `SELECT oid::regproc::text AS name FROM pg_proc
       WHERE pronamespace IN ('books'::regnamespace, 'settlement'::regnamespace) AND provolatile = 'v'
         AND has_function_privilege($1, oid, 'EXECUTE') ORDER BY 1`,
      [person],
    );
    return rows.map(({ name }) => name);
  };
  expect(await changing("finance")).toEqual([
    "books.close",
    "settlement.agree",
    "settlement.note",
    "settlement.pays",
  ]);
  expect(await changing("auditor")).toEqual([]);
});

describe("what is left to a person", () => {
  const nothing = () => Promise.resolve([]);
  // biome-ignore format: a table is read in rows
  const deciding: Readonly<Record<string, (url: string) => Promise<string>>> = {
    "breaks assign": async (url) => noteBreak(url, await openBreak(url), "assigned", { by: "lee", to: "kim" }),
    "breaks resolve": async (url) => noteBreak(url, await openBreak(url), "resolved", { by: "lee", reason: "seen", as: "losses" }),
    "settlement terms": (url) => agreeTerms(url, "alpha", { by: "lee", days: "5" }),
    "books close": (url) => closePeriod(url, nothing, { "up-to": today, by: "lee", anyway: "seen" }),
  };

  test.each(Object.entries(deciding))("finance may: %s", async (_, decide) => {
    await expect(decide(urlOf("finance"))).resolves.toEqual(expect.any(String));
  });

  test.each(Object.entries(deciding))("an auditor is refused, in words: %s", async (_, decide) => {
    const refused = decide(urlOf("auditor"));
    await expect(refused).rejects.toThrow(Refusal);
    await expect(refused).rejects.toThrow(/^auditor may not: permission denied for function/);
    expect(await listBreaks(server.url, false)).toContain("brk_");
  });

  test("who does not come in is told so", async () => {
    const stranger = server.url.replace(/\/\/[^@]+@/, "//finance:wrong@");
    await expect(showBank(stranger)).rejects.toThrow(/^the books do not let finance in: /);
  });
});

describe("through a tunnel, by IAM", () => {
  const name = "books.proxy-x.eu-west-1.rds.example";
  /** What a person at a terminal sees, with keys of AWS and no password. */
  function ops(url: string, more: Readonly<Record<string, string>>) {
    const { status, stdout, stderr } = spawnSync(process.execPath, ["cli/main.ts", "breaks", "list"], {
      cwd: join(import.meta.dirname, "../.."),
      env: { BOOKS_URL: url, AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret", ...more },
      encoding: "utf8",
    });
    return { status, said: stdout + stderr };
  }
  const through = () => `?through=127.0.0.1:${new URL(server.url).port}`;

  test("the books are known by their own name, wherever the tunnel begins", async () => {
    await withTls(owner, { host: name, trusted: "finance" }, async (certificate) => {
      const region = { AWS_REGION: "eu-west-1" };
      const trusting = { ...region, NODE_EXTRA_CA_CERTS: certificate };
      const come = ops(`postgres://finance@${name}/books${through()}`, trusting);
      expect(come).toEqual({ status: 0, said: expect.stringContaining("brk_") });
      const other = ops(`postgres://finance@other.example/books${through()}`, trusting);
      expect(other).toEqual({ status: 1, said: expect.stringContaining("does not match certificate") });
      const stranger = ops(`postgres://finance@${name}/books${through()}`, region);
      expect(stranger).toEqual({ status: 1, said: expect.stringContaining("self-signed certificate") });
    });
  });

  test("what is missing is said", () => {
    const url = `postgres://finance@${name}/books`;
    expect(ops(url, {}).said).toBe("set AWS_REGION to the region of these books\n");
    const said = ops(`${url}?through=15432`, { AWS_REGION: "eu-west-1" }).said;
    expect(said).toBe("through=15432: write it as 127.0.0.1:15432\n");
  });
});
