import type { TargetTable } from "./delivery-plan.ts";
import type { HiveColumn, HiveType } from "./hive-type.ts";

/** A record that does not become a row. The codes and the first words of the messages are Firehose's. */
export class Unfit extends Error {
  override readonly name = "Unfit";
  readonly code: "DataFormatConversion.ParseError" | "DataFormatConversion.MalformedData";

  constructor(code: Unfit["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Of the language since ES2026, and not in the compiler's library yet: numbers as they are written. */
const json = JSON as typeof JSON & {
  rawJSON(text: string): { readonly rawJSON: string };
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
};
type Members = Readonly<Record<string, unknown>>;

const utf8 = new TextDecoder("utf-8", { fatal: true });
/** As `Long.parseLong` and its siblings take it. */
const wholeNumber = /^[+-]?\d+$/;
const hexNumber = /^0[xX]([0-9a-fA-F]+)$/;

const unfit = (why: string): Unfit =>
  new Unfit("DataFormatConversion.MalformedData", `Data does not match the schema. ${why}`);

/**
 * A record as a row of the table, as JSON text: what OpenX's SerDe for Hive would make of it. Members that no column has
 * are passed over, and columns that no member has are null.
 * @throws Unfit when it is no JSON object, or a member is not what its column takes.
 */
export function rowOf(data: Uint8Array, { columns, caseInsensitive }: TargetTable): string {
  const record = parse(data);
  if (!isMembers(record)) {
    if (Array.isArray(record)) throw unfit("The top level is an array, and a record is one object.");
    throw new Unfit(
      "DataFormatConversion.MalformedData",
      "The input JSON contained a primitive at the top level. The top level must be an object or array.",
    );
  }
  return JSON.stringify(fieldsOf(record, columns, caseInsensitive));
}

function parse(data: Uint8Array): unknown {
  try {
    const text = utf8.decode(data);
    if (text.trim() === "")
      throw new Unfit(
        "DataFormatConversion.MalformedData",
        "The record was empty or contained only whitespace.",
      );
    return losesDigits.test(text) ? JSON.parse(text, asWritten) : JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof Unfit) throw thrown;
    const message = `Encountered malformed JSON. ${(thrown as Error).message}`;
    throw new Unfit("DataFormatConversion.ParseError", message, { cause: thrown });
  }
}

/** Where there may be a number that a double does not give back as it is written. To keep each costs four times as much. */
const losesDigits = /[[:,]\s*-?(?:\d{16}|\d+[.eE])/;
/** A number stays as it is written: a bigint has more digits than a double. */
const asWritten = (_name: string, value: unknown, { source }: { source?: string } = {}): unknown =>
  typeof value === "number" && source !== undefined ? json.rawJSON(source) : value;

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !json.isRawJSON(value);

function fieldsOf(members: Members, columns: readonly HiveColumn[], caseInsensitive: boolean): object {
  const named = caseInsensitive
    ? new Map(Object.entries(members).map(([name, value]) => [name.toLowerCase(), value]))
    : new Map(Object.entries(members));
  const nameOf = (name: string): string => (caseInsensitive ? name.toLowerCase() : name);
  return Object.fromEntries(
    columns.map(({ name, type }) => [name, columnValue(named.get(nameOf(name)), type, caseInsensitive)]),
  );
}

function columnValue(value: unknown, type: HiveType, caseInsensitive: boolean): unknown {
  if (value === undefined || value === null) return null;
  switch (type.kind) {
    case "string":
      return textOf(value);
    case "boolean":
      return booleanOf(value);
    case "integer":
      return json.rawJSON(`${integerOf(value, type.bits)}`);
    case "double":
      return json.rawJSON(`${doubleOf(value)}`);
    case "array":
      return elementsOf(value)?.map((each) => columnValue(each, type.of, caseInsensitive)) ?? null;
    case "struct":
      return structOf(value, type.fields, caseInsensitive);
  }
}

/** A column of text takes everything: what is no text becomes the JSON text of it. */
const textOf = (value: unknown): string =>
  // Half of a pair of surrogates is no character, and no file of texts holds it.
  (typeof value === "string" ? value : JSON.stringify(value)).toWellFormed();

/** `Boolean.parseBoolean`: every text but one is false. */
function booleanOf(value: unknown): boolean {
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return value.toLowerCase() === "true";
  throw unfit(`${JSON.stringify(value)} is no boolean.`);
}

function integerOf(value: unknown, bits: number): bigint {
  const text = scalarText(value);
  const [, hex] = hexNumber.exec(text) ?? [];
  if (hex === undefined && !wholeNumber.test(text)) throw notNumber(text);
  const number = BigInt(hex === undefined ? text.replace(/^\+/, "") : `0x${hex}`);
  if (BigInt.asIntN(bits, number) !== number) throw notNumber(text);
  return number;
}

function doubleOf(value: unknown): number {
  const text = scalarText(value).trim();
  const number = Number(text);
  if (text === "" || !Number.isFinite(number)) throw notNumber(text);
  return number;
}

function scalarText(value: unknown): string {
  if (typeof value === "string") return value;
  if (json.isRawJSON(value)) return value.rawJSON;
  if (typeof value === "number") return `${value}`;
  throw unfit(`${JSON.stringify(value)} is no number.`);
}

/** Java's words for it. */
const notNumber = (text: string): Unfit => unfit(`For input string: ${JSON.stringify(text)}`);

/** What is no array is one of one element. */
function elementsOf(value: unknown): readonly unknown[] | undefined {
  if (value === "") return undefined;
  return Array.isArray(value) ? value : [value];
}

/** An empty array is no struct; another one has the members in their order. */
function structOf(value: unknown, fields: readonly HiveColumn[], caseInsensitive: boolean): object | null {
  if (isMembers(value)) return fieldsOf(value, fields, caseInsensitive);
  if (!Array.isArray(value)) throw unfit(`${JSON.stringify(value)} is no struct.`);
  if (value.length === 0) return null;
  return Object.fromEntries(
    fields.map(({ name, type }, place) => [name, columnValue(value[place], type, caseInsensitive)]),
  );
}
