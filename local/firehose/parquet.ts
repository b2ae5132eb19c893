import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { HiveColumn, HiveType } from "./hive-type.ts";

/** The machine is for payments: a file of a minute is written in milliseconds all the same. */
const settings = {
  threads: "1",
  memory_limit: "512MB",
  // Nothing is fetched: all that is needed is part of the binary.
  autoinstall_known_extensions: "false",
  autoload_known_extensions: "false",
};

const rowsAtOnce = 1_000;

let opened: Promise<DuckDBConnection> | undefined;

/**
 * DuckDB, loaded by the first who writes: 68 MB of library are not read by a start that delivers nothing.
 */
async function connection(): Promise<DuckDBConnection> {
  opened ??= (async () => {
    const { DuckDBInstance } = await import("@duckdb/node-api");
    return await (await DuckDBInstance.create(":memory:", settings)).connect();
  })();
  try {
    return await opened;
  } catch (thrown) {
    opened = undefined;
    throw thrown;
  }
}

/** A Parquet file of rows, each the JSON text of an object that has these columns. */
export async function parquetOf(rows: readonly string[], columns: readonly HiveColumn[]): Promise<Buffer> {
  const duckdb = await connection();
  const directory = await mkdtemp(join(tmpdir(), "tallystick-parquet-"));
  try {
    const from = join(directory, "rows.json");
    const to = join(directory, "rows.parquet");
    await writeFile(from, linesOf(rows), { mode: 0o600 });
    const types = columns.map(({ name, type }) => `${quoted(name)}: ${quoted(typeOf(type))}`).join(", ");
    const source = `read_json(${quoted(from)}, format = 'newline_delimited', columns = {${types}},
      maximum_object_size = ${longestOf(rows)})`;
    await duckdb.run(`COPY (SELECT * FROM ${source}) TO ${quoted(to)} (FORMAT parquet, COMPRESSION snappy)`);
    return await readFile(to);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Some at a time: payments go through the same thread. */
function* linesOf(rows: readonly string[]): Generator<string> {
  for (let at = 0; at < rows.length; at += rowsAtOnce)
    yield `${rows.slice(at, at + rowsAtOnce).join("\n")}\n`;
}

/** Bytes of the longest row, and no less than DuckDB's own limit. */
function longestOf(rows: readonly string[]): number {
  let longest = 16 * 1024 * 1024;
  for (const row of rows) longest = Math.max(longest, 3 * row.length);
  return longest;
}

function typeOf(type: HiveType): string {
  switch (type.kind) {
    case "string":
      return "VARCHAR";
    case "boolean":
      return "BOOLEAN";
    case "double":
      return "DOUBLE";
    case "integer":
      return { 8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT" }[type.bits];
    case "array":
      return `${typeOf(type.of)}[]`;
    case "struct":
      return `STRUCT(${type.fields.map((field) => `"${field.name}" ${typeOf(field.type)}`).join(", ")})`;
  }
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
