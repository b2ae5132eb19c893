import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvFieldsOf } from "./csv-fields.ts";

/** What another parser of RFC 4180 makes of a line; undefined where it is none. */
function otherwise(text: string): string[] | undefined {
  try {
    return parse(text, { record_delimiter: "\n" })[0];
  } catch {
    return undefined;
  }
}

const fieldsOf = (text: string): readonly string[] | undefined => {
  const fields = csvFieldsOf(text);
  return fields.ok ? fields.value : undefined;
};

describe("a line of CSV", () => {
  test("is read as csv-parse reads it, or refused as it refuses it", () => {
    const texts = fc.string({
      unit: fc.constantFrom('"', ",", "a", " ", "\r", "é"),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(texts, (text) => {
        expect(fieldsOf(text)).toEqual(otherwise(text));
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ['a,"b', "the quotation mark at character 3 is not closed"],
    ['a"b,c', "a quotation mark stands within the field at character 1"],
    ['"a"b,c', "something stands behind the quotation mark at character 3"],
  ])("%s is refused: %s", (text, reason) => {
    expect(csvFieldsOf(text)).toEqual({ ok: false, error: reason });
  });
});
