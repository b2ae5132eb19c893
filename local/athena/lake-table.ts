import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type HiveType, hiveTypeOf } from "../firehose/hive-type.ts";
import { duckTypeOf } from "../firehose/parquet.ts";
import type { Caller, StoredObject } from "./caller.ts";
import { mismatchIn } from "./mismatch.ts";
import { notHere, QueryFailed } from "./refusal.ts";
import { quoted, type Session } from "./session.ts";
import type { Tree } from "./trees.ts";

const column = z.object({ Name: z.string(), Type: z.string() });
const answer = z.object({
  Table: z.object({
    Name: z.string(),
    Parameters: z.record(z.string(), z.string()),
    PartitionKeys: z.array(column),
    StorageDescriptor: z.object({
      Columns: z.array(column),
      SerdeInfo: z.object({ SerializationLibrary: z.string(), Parameters: z.record(z.string(), z.string()) }),
    }),
  }),
});

/** Objects are read so many at a time. */
const readsMax = 16;
const hiddenName = /^[._]/;

/** A table of the catalog as Athena reads it: where its objects are, and what is in them. */
export interface LakeTable {
  readonly name: string;
  readonly partitionKey: string;
  readonly bucket: string;
  /** What keys begin with, before the partition and behind it. */
  readonly before: string;
  readonly behind: string;
  /** The first day that there may be, and the last: `2026-01-01`. */
  readonly range: readonly [first: string, last: string];
  readonly format: "parquet" | "lines";
  readonly columns: readonly { readonly name: string; readonly type: HiveType }[];
}

/** @throws QueryFailed for a table that is not of a kind that is read here. */
export function lakeTableOf(described: unknown, today: string): LakeTable {
  const {
    Name: name,
    Parameters: parameters,
    PartitionKeys,
    StorageDescriptor: storage,
  } = answer.parse(described).Table;
  const [key, ...others] = PartitionKeys;
  const projected = (what: string): string => parameters[`projection.${key?.Name}.${what}`] ?? "";
  const [, bucket, before, keyed, behind] =
    /^s3:\/\/([^/]+)\/(.*)\$\{(\w+)\}(.*)$/.exec(parameters["storage.location.template"] ?? "") ?? [];
  const [, first, last] = /^(\d{4}-\d\d-\d\d),(\d{4}-\d\d-\d\d|NOW)$/.exec(projected("range")) ?? [];
  const isByDay =
    parameters["projection.enabled"] === "true" &&
    projected("type") === "date" &&
    projected("format") === "yyyy-MM-dd" &&
    others.length === 0 &&
    keyed === key?.Name;
  if (!isByDay || key === undefined || bucket === undefined || first === undefined || last === undefined)
    throw notHere(`the table ${name} is not partitioned by days that can be worked out`);
  const columns = storage.Columns.map((each) => ({ name: each.Name, type: hiveTypeOf(each.Type) }));
  const format = formatOf(name, storage.SerdeInfo.SerializationLibrary, columns);
  return {
    ...{ name, partitionKey: key.Name, bucket, before: before ?? "", behind: behind ?? "", format, columns },
    range: [first, last === "NOW" ? today : last],
  };
}

function formatOf(name: string, library: string, columns: LakeTable["columns"]): LakeTable["format"] {
  if (library.endsWith(".ParquetHiveSerDe")) return "parquet";
  const [column] = columns;
  const isText = column?.type.kind === "string";
  if (library.endsWith(".LazySimpleSerDe") && columns.length === 1 && isText) return "lines";
  throw notHere(`the table ${name} is neither Parquet nor text of one column`);
}

/** Days of the table for which the conditions hold, in order. */
export async function daysOf(
  session: Session,
  { range: [first, last], partitionKey }: LakeTable,
  conditions: readonly Tree[],
): Promise<readonly string[]> {
  const where = [];
  for (const condition of conditions) {
    const node = { ...condition, alias: "" };
    where.push(`(${await session.printCondition(node, partitionKey)})`);
  }
  const { rows } = await session.ask(
    `SELECT "${partitionKey}" FROM (
       SELECT strftime(d, '%Y-%m-%d') AS "${partitionKey}"
       FROM generate_series(DATE '${first}', DATE '${last}', INTERVAL 1 DAY) AS days (d)
     ) AS partitions ${where.length > 0 ? `WHERE ${where.join(" AND ")}` : ""} ORDER BY 1`,
  );
  return rows.map(([day]) => String(day));
}

/** An object of a table, with the day that it is filed under. */
export interface Filed extends StoredObject {
  readonly day: string;
}

/** The objects of these days. Athena looks into no others, and passes over names that begin with a dot or a line. */
export async function objectsOf(
  caller: Caller,
  { bucket, before, behind }: LakeTable,
  days: readonly string[],
): Promise<readonly Filed[]> {
  const [first] = days;
  const last = days.at(-1);
  if (first === undefined || last === undefined) return [];
  const wanted = new Set(days);
  const objects: Filed[] = [];
  for await (const object of caller.list(bucket, before, before + first)) {
    const rest = object.key.slice(before.length);
    const day = rest.slice(0, first.length);
    if (day > last) break;
    const name = rest.slice(first.length + behind.length);
    if (!wanted.has(day) || !rest.startsWith(day + behind) || object.bytes === 0) continue;
    if (!name.split("/").some((part) => hiddenName.test(part))) objects.push({ ...object, day });
  }
  return objects;
}

/**
 * Brings objects to where DuckDB reads them: each is asked for in the caller's name, and sent only when it is not there
 * from an earlier question. @returns the files' paths.
 */
export async function filesOf(
  caller: Caller,
  { bucket, partitionKey }: LakeTable,
  objects: readonly Filed[],
  directory: string,
): Promise<readonly string[]> {
  const paths: string[] = [];
  const waiting = [...objects.entries()];
  const read = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [place, { key, etag, day }] = next;
      const folder = join(directory, `${partitionKey}=${day}`);
      const digest = createHash("sha256").update(`${bucket}/${key} ${etag}`).digest("hex").slice(0, 32);
      const path = join(folder, `${digest}${key.endsWith(".gz") ? ".gz" : ""}`);
      const body = await caller.get(bucket, key, existsSync(path) ? etag : undefined);
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      if (body !== undefined) writeFileSync(path, body, { mode: 0o600 });
      paths[place] = path;
    }
  };
  await Promise.all(Array.from({ length: readsMax }, read));
  forget(directory, new Set(paths), new Set(objects.map(({ day }) => `${partitionKey}=${day}`)));
  return paths;
}

/** What is not among a day's objects any more is not kept either. */
function forget(directory: string, known: ReadonlySet<string>, folders: ReadonlySet<string>): void {
  for (const folder of folders)
    for (const file of readdirSync(join(directory, folder))) {
      const path = join(directory, folder, file);
      if (!known.has(path)) rmSync(path);
    }
}

/** Makes the table's files a view of the catalog's columns. @throws QueryFailed for a file that has other types. */
export async function defineView(
  session: Session,
  view: string,
  table: LakeTable,
  files: readonly string[],
): Promise<void> {
  const { partitionKey, columns } = table;
  const key = `"${partitionKey}"`;
  if (files.length === 0) {
    const empty = columns.map(({ name, type }) => `CAST(NULL AS ${duckTypeOf(type)}) AS "${name}"`);
    return session.run(
      `CREATE VIEW "${view}" AS SELECT ${empty.join(", ")}, CAST(NULL AS VARCHAR) AS ${key} WHERE false`,
    );
  }
  const list = `[${files.map(quoted).join(", ")}]`;
  const partitioned = "hive_partitioning = true, hive_types_autocast = false";
  if (table.format === "lines") {
    const [{ name } = { name: "" }] = columns;
    const shape = `columns = {${quoted(name)}: 'VARCHAR'}, header = false, auto_detect = false`;
    const raw = `delim = '\u0001', quote = '', escape = '', compression = 'auto'`;
    return session.run(
      `CREATE VIEW "${view}" AS SELECT "${name}", ${key} FROM read_csv(${list}, ${shape}, ${raw}, ${partitioned})`,
    );
  }
  const source = `read_parquet(${list}, union_by_name = true, ${partitioned})`;
  const there = await session.typesOf(source);
  const read = columns.map(({ name, type }) => {
    const found = there.get(name.toLowerCase());
    const wrong = found === undefined ? undefined : mismatchIn(type, found, name);
    if (wrong !== undefined) throw new QueryFailed("HIVE_BAD_DATA", wrong);
    return `CAST(${found === undefined ? "NULL" : `"${name}"`} AS ${duckTypeOf(type)}) AS "${name}"`;
  });
  return session.run(`CREATE VIEW "${view}" AS SELECT ${read.join(", ")}, ${key} FROM ${source}`);
}
