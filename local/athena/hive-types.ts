import type { DuckDBType } from "@duckdb/node-api";
import { notHere } from "./refusal.ts";

/** A type of the catalog. */
export type HiveType =
  | { readonly kind: "plain"; readonly name: string }
  | { readonly kind: "struct"; readonly fields: readonly (readonly [name: string, type: HiveType])[] }
  | { readonly kind: "array"; readonly of: HiveType };

const plain: Readonly<Record<string, string>> = {
  bigint: "BIGINT",
  boolean: "BOOLEAN",
  date: "DATE",
  double: "DOUBLE",
  int: "INTEGER",
  string: "VARCHAR",
  timestamp: "TIMESTAMP",
};

/** `array<struct<account:string,amount:bigint>>`. @throws QueryFailed for a type that is not known here. */
export function hiveTypeOf(text: string): HiveType {
  const tokens = text.match(/[\w$]+|[<>:,]/g) ?? [];
  let at = 0;
  const take = (expected?: string): string => {
    const token = tokens[at] ?? "";
    if (expected !== undefined && token !== expected) throw notHere(`the type ${text} is not known`);
    at += 1;
    return token;
  };
  const read = (): HiveType => {
    const name = take().toLowerCase();
    if (name === "array") {
      take("<");
      const of = read();
      take(">");
      return { kind: "array", of };
    }
    if (name === "struct") {
      const fields: [string, HiveType][] = [];
      for (let end = "<"; end !== ">"; ) {
        take(fields.length === 0 ? "<" : ",");
        const field = take();
        take(":");
        fields.push([field, read()]);
        end = tokens[at] ?? ">";
      }
      take(">");
      return { kind: "struct", fields };
    }
    if (plain[name] === undefined) throw notHere(`the type ${text} is not known`);
    return { kind: "plain", name };
  };
  const type = read();
  if (at !== tokens.length) throw notHere(`the type ${text} is not known`);
  return type;
}

/** As DuckDB writes it. */
export function duckTypeOf(type: HiveType): string {
  switch (type.kind) {
    case "plain":
      return plain[type.name] ?? "";
    case "array":
      return `${duckTypeOf(type.of)}[]`;
    case "struct":
      return `STRUCT(${type.fields.map(([name, field]) => `"${name}" ${duckTypeOf(field)}`).join(", ")})`;
  }
}

/**
 * Where a file has another type than the catalog says; undefined when it has none. Athena reads fields by their names: one
 * that is not in the file is null, and one that only the file has is passed over.
 */
export function mismatchIn(type: HiveType, there: DuckDBType, path: string): string | undefined {
  const said = `the field ${path} is ${String(there)} in the file and ${duckTypeOf(type)} in the catalog`;
  if (type.kind === "plain") return String(there) === duckTypeOf(type) ? undefined : said;
  if (type.kind === "array")
    return "valueType" in there ? mismatchIn(type.of, there.valueType, `${path}[]`) : said;
  if (!("entryNames" in there)) return said;
  for (const [name, field] of type.fields) {
    const place = there.entryNames.findIndex((each) => each.toLowerCase() === name.toLowerCase());
    const entry = there.entryTypes[place];
    const found = entry === undefined ? undefined : mismatchIn(field, entry, `${path}.${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
