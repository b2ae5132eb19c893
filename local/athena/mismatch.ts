import type { DuckDBType } from "@duckdb/node-api";
import type { HiveType } from "../firehose/hive-type.ts";
import { duckTypeOf } from "../firehose/parquet.ts";

/**
 * Where a file has another type than the catalog says; undefined when it has none. Athena reads fields by their names: one
 * that is not in the file is null, and one that only the file has is passed over.
 */
export function mismatchIn(type: HiveType, there: DuckDBType, path: string): string | undefined {
  const said = `the field ${path} is ${String(there)} in the file and ${duckTypeOf(type)} in the catalog`;
  if (type.kind === "array")
    return "valueType" in there ? mismatchIn(type.of, there.valueType, `${path}[]`) : said;
  if (type.kind !== "struct") return String(there) === duckTypeOf(type) ? undefined : said;
  if (!("entryNames" in there)) return said;
  for (const { name, type: field } of type.fields) {
    const place = there.entryNames.findIndex((each) => each.toLowerCase() === name.toLowerCase());
    const entry = there.entryTypes[place];
    const found = entry === undefined ? undefined : mismatchIn(field, entry, `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
