/** A type of Hive, as far as tables that are written here have them. */
export type HiveType =
  | { readonly kind: "string" | "boolean" | "double" }
  | { readonly kind: "integer"; readonly bits: 8 | 16 | 32 | 64 }
  | { readonly kind: "array"; readonly of: HiveType }
  | { readonly kind: "struct"; readonly fields: readonly HiveColumn[] };

export interface HiveColumn {
  readonly name: string;
  readonly type: HiveType;
}

/** Structs in structs in arrays: no table of ours goes deeper than three. */
const depthMax = 20;

const simple: Readonly<Record<string, HiveType>> = {
  string: { kind: "string" },
  boolean: { kind: "boolean" },
  double: { kind: "double" },
  tinyint: { kind: "integer", bits: 8 },
  smallint: { kind: "integer", bits: 16 },
  int: { kind: "integer", bits: 32 },
  bigint: { kind: "integer", bits: 64 },
};

/**
 * `struct<account:string,moved:bigint>`, read.
 * @throws SyntaxError for what is no such type, or is one that is not written here (dates, decimals, maps).
 */
export function hiveTypeOf(text: string): HiveType {
  const { type, rest } = read(text.replaceAll(/\s/g, ""), 0);
  if (rest !== "") throw new SyntaxError(`"${rest}" stands behind the type in ${text}`);
  return type;
}

function read(text: string, depth: number): { readonly type: HiveType; readonly rest: string } {
  if (depth > depthMax) throw new SyntaxError(`a type is nested ${depthMax} deep at most`);
  const [word = ""] = /^\w*/.exec(text) ?? [];
  const behind = text.slice(word.length);
  const known = Object.hasOwn(simple, word) ? simple[word] : undefined;
  if (known !== undefined) return { type: known, rest: behind };
  if (word === "array") {
    const { type, rest } = read(past("<", behind), depth + 1);
    return { type: { kind: "array", of: type }, rest: past(">", rest) };
  }
  if (word === "struct") return readStruct(past("<", behind), depth);
  throw new SyntaxError(`the type ${JSON.stringify(word)} is not written here`);
}

function readStruct(text: string, depth: number): { readonly type: HiveType; readonly rest: string } {
  const fields: HiveColumn[] = [];
  let left = text;
  for (;;) {
    const [name = ""] = /^\w*/.exec(left) ?? [];
    if (name === "") throw new SyntaxError(`a member of a struct has no name at "${left}"`);
    const { type, rest } = read(past(":", left.slice(name.length)), depth + 1);
    fields.push({ name, type });
    if (!rest.startsWith(",")) return { type: { kind: "struct", fields }, rest: past(">", rest) };
    left = rest.slice(1);
  }
}

function past(mark: string, text: string): string {
  if (!text.startsWith(mark)) throw new SyntaxError(`"${mark}" is missing at "${text}"`);
  return text.slice(mark.length);
}
