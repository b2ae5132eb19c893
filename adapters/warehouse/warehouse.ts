import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DataApi, Table } from "./data-api.ts";

const folder = join(import.meta.dirname, "sql");

/** A file of SQL, by its name without the ending. */
interface SqlFile {
  readonly name: string;
  readonly text: string;
}

const sqlFilesIn = (part: "migrations" | "load" | "reports"): readonly SqlFile[] =>
  readdirSync(join(folder, part))
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .map((file) => ({
      name: file.slice(0, -".sql".length),
      text: readFileSync(join(folder, part, file), "utf8"),
    }));

/** One was changed after it had been carried out: what is there is not what the files say. */
export class MigrationChanged extends Error {
  override readonly name = "MigrationChanged";
}

/** Who reads what Redshift does not know is said in comments, which are carried along. */
const journal = `CREATE TABLE IF NOT EXISTS public.migrations (
  name varchar(64) NOT NULL, digest varchar(64) NOT NULL, applied_at timestamp NOT NULL)`;

/** The warehouse's tables, what fills them, and what is asked of them. All of it is SQL, in files. */
export class Warehouse {
  readonly #api: DataApi;
  readonly #stream: string;

  /** @param stream the name of the stream that brings events */
  constructor(api: DataApi, stream: string) {
    this.#api = api;
    this.#stream = stream;
  }

  /**
   * Carries out what has not been yet, file by file.
   * @returns the names of those that were.
   * @throws MigrationChanged
   */
  async migrate(): Promise<readonly string[]> {
    await this.#api.execute(journal);
    const { rows } = await this.#api.ask("SELECT name, digest FROM public.migrations");
    const digests = new Map(rows.map(([name, digest]) => [String(name), String(digest)]));
    const applied: string[] = [];
    for (const { name, text } of sqlFilesIn("migrations")) {
      const digest = createHash("sha256").update(text).digest("hex");
      const was = digests.get(name);
      if (was === digest) continue;
      if (was !== undefined)
        throw new MigrationChanged(
          `${name}.sql is not what was carried out: put it back as it was, and say what is new in a file of its own`,
        );
      // Redshift makes external schemas and views over streams outside of transactions only.
      for (const statement of statementsOf(text.replaceAll("{stream}", this.#stream)))
        await this.#api.execute(statement);
      await this.#api.execute(`INSERT INTO public.migrations VALUES ('${name}', '${digest}', ${now})`);
      applied.push(name);
    }
    return applied;
  }

  /** Takes over what the stream has brought since the last time. Twice is once. */
  async load(): Promise<void> {
    await this.#api.execute("REFRESH MATERIALIZED VIEW landing.events");
    await this.#api.transact(sqlFilesIn("load").map(({ text }) => text));
  }

  ask(sql: string, parameters: Readonly<Record<string, string>> = {}): Promise<Table> {
    return this.#api.ask(sql, parameters);
  }
}

const now = "/* redshift */ getdate() /* end */ /* postgres: (now() AT TIME ZONE 'UTC') */";

/** A file's statements: a blank line is between two of them, and none within one. The Data API takes one at a time. */
const statementsOf = (text: string): readonly string[] =>
  text
    .split(/\n{2,}/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");

export interface Report {
  readonly name: string;
  /** What it answers: the first line of its file. */
  readonly title: string;
  readonly sql: string;
}

/** All that may be asked by name. */
export const reports = (): readonly Report[] =>
  sqlFilesIn("reports").map(({ name, text }) => ({
    name,
    title: /^-- (.+)$/m.exec(text)?.[1] ?? name,
    sql: text,
  }));
