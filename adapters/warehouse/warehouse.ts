import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type DataApi, StatementFailed, type Table } from "./data-api.ts";

/** Below the root of the project, where functions are given their copy too. */
const sqlFolder = "adapters/warehouse/sql";
const here = join(import.meta.dirname, "../..");

/** A file of SQL, by its name without the ending. */
interface SqlFile {
  readonly name: string;
  readonly text: string;
}

const sqlFilesIn = (part: "migrations" | "load" | "reports", root = here): readonly SqlFile[] =>
  readdirSync(join(root, sqlFolder, part))
    .filter((file) => file.endsWith(".sql"))
    .toSorted()
    .map((file) => ({
      name: file.slice(0, -".sql".length),
      text: readFileSync(join(root, sqlFolder, part, file), "utf8"),
    }));

/** One was changed after it had been carried out: what is there is not what the files say. */
class MigrationChanged extends Error {
  override readonly name = "MigrationChanged";
}

/** Who reads what Redshift does not know is said in comments, which are carried along. */
const journal = `CREATE TABLE IF NOT EXISTS public.migrations (
  name varchar(64) NOT NULL, digest varchar(64) NOT NULL, applied_at timestamp NOT NULL)`;

const now = "/* redshift */ getdate() /* end */ /* postgres: (now() AT TIME ZONE 'UTC') */";

/** What fills the warehouse, and where its SQL is. */
export interface WarehouseSources {
  /** Name of the stream that brings events. */
  readonly stream: string;
  /** Where the archive is: `s3://bucket/events/`, with its days below it. Undefined where there is none. */
  readonly archive?: string | undefined;
  /** Under which the files of SQL are. The project's own when left out. */
  readonly root?: string | undefined;
}

/** What one day of the archive came to. */
export interface RebuiltDay {
  /** Lines that the archive has of it: events, as often as they came. */
  readonly lines: number;
  /** Lines that COPY could not read: they are parked. */
  readonly leftOut: number;
}

/** The warehouse's tables, what fills them, and what is asked of them. All of it is SQL, in files. */
export class Warehouse {
  readonly #api: DataApi;
  readonly #sources: WarehouseSources;

  constructor(api: DataApi, sources: WarehouseSources) {
    this.#api = api;
    this.#sources = sources;
  }

  /**
   * Carries out what has not been yet, file by file.
   * @returns the names of those that were.
   * @throws MigrationChanged
   */
  async migrate(): Promise<readonly string[]> {
    await this.#makeJournal();
    const digests = await this.#applied();
    const applied: string[] = [];
    for (const { name, text } of sqlFilesIn("migrations", this.#sources.root)) {
      const digest = createHash("sha256").update(text).digest("hex");
      const was = digests.get(name);
      if (was === digest) continue;
      if (was !== undefined)
        throw new MigrationChanged(
          `${name}.sql is not what was carried out: put it back as it was, and say what is new in a file of its own`,
        );
      if (await this.#carryOut(name, digest, text)) applied.push(name);
    }
    return applied;
  }

  /** Takes over what the stream has brought since the last time. Twice is once. */
  async load(): Promise<void> {
    await this.#api.execute("REFRESH MATERIALIZED VIEW landing.events");
    await this.#api.transact(this.#loading());
  }

  /**
   * Takes over a day of the archive, and what the stream had brought before. What is there already stays as it is.
   * @param day `2026-11-26`: of arrival, UTC.
   */
  async rebuild(day: string): Promise<RebuiltDay> {
    const { archive } = this.#sources;
    if (archive === undefined) throw new Error("this stage has no archive");
    if (!dayForm.test(day)) throw new Error(`"${day}" is no day: write it as 2026-11-26`);
    const done = `INSERT INTO landing.rebuilt_days SELECT '${day}', count(*), ${now} FROM landing.archived_lines`;
    const [lock = "", ...loading] = this.#loading();
    try {
      await this.#api.transact([lock, copyOf(`${archive}day=${day}/`), ...loading, done, emptied]);
    } catch (thrown) {
      if (thrown instanceof StatementFailed && nothingThere.test(thrown.message))
        return { lines: 0, leftOut: 0 };
      throw thrown;
    }
    const { rows } = await this.#api.ask(
      "SELECT lines FROM landing.rebuilt_days WHERE day = CAST(:day AS date) ORDER BY rebuilt_at DESC LIMIT 1",
      { day },
    );
    return { lines: Number(rows[0]?.[0] ?? 0), leftOut: await this.#parkLeftOut(`${archive}day=${day}/`) };
  }

  /** Redshift says of them where they are and why. They are parked by that: nothing that came is without a trace. */
  async #parkLeftOut(prefix: string): Promise<number> {
    const { rows } = await this.#api.ask(
      `SELECT DISTINCT file_name, line_number, error_message FROM sys_load_error_detail
       WHERE file_name LIKE :files ORDER BY file_name, line_number LIMIT ${leftOutMax}`,
      { files: `${prefix}%` },
    );
    for (const [file, line, why] of rows)
      await this.#api.ask(parking, {
        place: createHash("sha256").update(`${file}:${line}`).digest("hex"),
        reason: `COPY leaves line ${line} of an object out: ${String(why).trim()}`.slice(0, reasonMax),
      });
    return rows.length;
  }

  ask(sql: string, parameters: Readonly<Record<string, string>> = {}): Promise<Table> {
    return this.#api.ask(sql, parameters);
  }

  #loading(): readonly string[] {
    return sqlFilesIn("load", this.#sources.root).map(({ text }) => text);
  }

  /** Two that make it at once are both told that it is not there, and one of them then that it is. */
  async #makeJournal(): Promise<void> {
    try {
      await this.#api.execute(journal);
    } catch (thrown) {
      if (!(thrown instanceof StatementFailed)) throw thrown;
      await this.#applied();
    }
  }

  async #applied(): Promise<ReadonlyMap<string, string>> {
    const { rows } = await this.#api.ask("SELECT name, digest FROM public.migrations");
    return new Map(rows.map(([name, digest]) => [String(name), String(digest)]));
  }

  /** @returns false when somebody else was at it, and has done it. */
  async #carryOut(name: string, digest: string, text: string): Promise<boolean> {
    const statements = statementsOf(text.replaceAll("{stream}", this.#sources.stream));
    const done = `INSERT INTO public.migrations VALUES ('${name}', '${digest}', ${now})`;
    try {
      if (outsideOnly.test(text))
        for (const statement of [...statements, done]) await this.#api.execute(statement);
      else await this.#api.transact(["LOCK TABLE public.migrations", notYet(name), ...statements, done]);
      return true;
    } catch (thrown) {
      if (!(thrown instanceof StatementFailed)) throw thrown;
      for (let look = 0; look < othersLooksMax; look += 1) {
        if ((await this.#applied()).get(name) === digest) return false;
        await new Promise((resolve) => setTimeout(resolve, othersLookMs));
      }
      throw thrown;
    }
  }
}

/** Redshift makes external schemas, and views over streams, outside of transactions only. */
const outsideOnly = /CREATE (EXTERNAL SCHEMA|MATERIALIZED VIEW)/;
/** Two may migrate at once, and all but the first fail on what is there already: so long they look whether it gets done. */
const othersLooksMax = 20;
const othersLookMs = 500;

/** Fails where somebody else has carried it out by now: neither database has another way to end a batch by a condition. */
const notYet = (name: string): string =>
  `SELECT 1 / CASE count(*) WHEN 0 THEN 1 ELSE 0 END AS to_do FROM public.migrations WHERE name = '${name}'`;

const dayForm = /^\d{4}-\d\d-\d\d$/;
/** What COPY says of a day on which nothing came. */
const nothingThere = /prefix .*does not exist/i;
const leftOutMax = 1_000;
const reasonMax = 200;
const parking = `INSERT INTO finance.parked
  SELECT 'archive', :place, ${now}, :reason
  WHERE NOT EXISTS (SELECT 1 FROM finance.parked WHERE shard_id = 'archive' AND sequence_number = :place)`;
const emptied = "DELETE FROM landing.archived_lines";

/**
 * A line is one column: JSON has no control characters, and the delimiter is one. What has it all the same, or is no
 * text, is noted by Redshift (SYS_LOAD_ERROR_DETAIL) and left out; what is too long is cut, and so no JSON: neither
 * holds anything up.
 */
const copyOf = (prefix: string): string =>
  `COPY landing.archived_lines (line) FROM '${prefix}' IAM_ROLE default GZIP DELIMITER '\\001' ACCEPTINVCHARS TRUNCATECOLUMNS MAXERROR 100000 COMPUPDATE OFF STATUPDATE OFF`;

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
