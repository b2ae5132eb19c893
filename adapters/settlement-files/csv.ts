import { isUtf8 } from "node:buffer";
import { err, ok, type Result } from "#core/kernel/result.ts";
import { type LineFields, settlementLineOf } from "#core/settlement/judge.ts";
import { flawed, type Read } from "#core/settlement/line.ts";
import { csvFieldsOf } from "./csv-fields.ts";
import { type FileLine, fileLines, lineBytesMax } from "./file-lines.ts";

const columnOf: { readonly [Field in keyof LineFields]: string } = {
  settledOn: "settlement_date",
  acquirer: "acquirer",
  merchant: "merchant",
  kind: "kind",
  operationKey: "operation_key",
  reference: "reference",
  dispute: "dispute",
  currency: "currency",
  gross: "gross",
  cost: "cost",
  net: "net",
  occurredAt: "occurred_at",
};

const byteOrderMark = "\ufeff";
const refused = { endsFile: true };

/**
 * A settlement file as CSV (RFC 4180, UTF-8), whose header names the columns: one that is missing refuses the file, one
 * that nobody knows is passed over. Each line stands for itself: no field has an end of line in it, so a quotation
 * mark that somebody forgot spoils one line, and not all behind it. Empty lines are passed over.
 */
export async function* readCsv(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Read> {
  let header: Header | undefined;
  for await (const line of fileLines(chunks)) {
    const text = textOf(line);
    const ending = endingOf(line);
    if (ending !== undefined) {
      yield flawed(line.number, ending, text, refused);
      return;
    }
    if (header === undefined) {
      const read = headerOf(line, text);
      if (!read.ok) {
        yield flawed(line.number, read.error, text, refused);
        return;
      }
      header = read.value;
    } else if (text !== "") yield readLine(line, text, header);
  }
  if (header === undefined) yield flawed(1, "the file is empty", "", refused);
}

const textOf = ({ bytes, number }: FileLine): string => {
  const text = bytes.toString("utf8");
  return number === 1 && text.startsWith(byteOrderMark) ? text.slice(1) : text;
};

function endingOf({ end }: FileLine): string | undefined {
  if (end === "missing") return "the file ends in the middle of a line: it was cut off";
  if (end === "too_far") return `the line is longer than ${lineBytesMax} bytes`;
  return undefined;
}

interface Header {
  readonly columns: number;
  readonly placeOf: { readonly [Field in keyof LineFields]: number };
}

function headerOf(line: FileLine, text: string): Result<Header, string> {
  if (!isUtf8(line.bytes)) return err("the file is not UTF-8");
  const names = csvFieldsOf(text);
  if (!names.ok) return names;
  const wanted = Object.values(columnOf);
  const missing = wanted.filter((name) => !names.value.includes(name));
  if (missing.length > 0) return err(`the header lacks ${missing.join(", ")}`);
  const twice = wanted.filter((name) => names.value.indexOf(name) !== names.value.lastIndexOf(name));
  if (twice.length > 0) return err(`the header has ${twice.join(", ")} more than once`);
  const placeOf = Object.fromEntries(
    Object.entries(columnOf).map(([field, name]) => [field, names.value.indexOf(name)]),
  ) as unknown as Header["placeOf"];
  return ok({ columns: names.value.length, placeOf });
}

function readLine({ number, bytes }: FileLine, text: string, { columns, placeOf }: Header): Read {
  if (!isUtf8(bytes)) return flawed(number, "the line is not UTF-8", text);
  const read = csvFieldsOf(text);
  if (!read.ok) return flawed(number, `the line is no CSV: ${read.error}`, text);
  const fields = read.value;
  if (fields.length !== columns)
    return flawed(number, `the line has ${fields.length} fields, and the header ${columns}`, text);
  const at = (field: keyof LineFields): string => fields[placeOf[field]] ?? "";
  const line = settlementLineOf(
    {
      ...{ settledOn: at("settledOn"), acquirer: at("acquirer"), merchant: at("merchant"), kind: at("kind") },
      ...{ operationKey: at("operationKey"), reference: at("reference"), dispute: at("dispute") },
      ...{ currency: at("currency"), gross: at("gross"), cost: at("cost"), net: at("net") },
      occurredAt: at("occurredAt"),
    },
    number,
  );
  return line.ok ? { ok: true, line: line.value } : flawed(number, line.error, text);
}
