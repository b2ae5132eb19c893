import fc from "fast-check";
import { expect, test } from "vitest";
import { hiveTypeOf } from "./hive-type.ts";
import { rowOf, Unfit } from "./openx.ts";

const columns = Object.entries({
  id: "string",
  small: "tinyint",
  count: "int",
  amount: "bigint",
  rate: "double",
  paid: "boolean",
  data: "struct<id:string,method:struct<brand:string>>",
  legs: "array<struct<account:string,amount:bigint>>",
}).map(([name, type]) => ({ name, type: hiveTypeOf(type) }));
const table = { columns, caseInsensitive: false, told: {} };
const empty = Object.fromEntries(columns.map(({ name }) => [name, null]));

/** The columns that are not null, numbers as they are written. */
const read = (text: string, caseInsensitive = false): string =>
  rowOf(Buffer.from(text), { ...table, caseInsensitive })
    .replaceAll(/"\w+":null,?/g, "")
    .replaceAll(/,}/g, "}");
const unfitOf = (data: string | Uint8Array): string => {
  try {
    rowOf(Buffer.from(data), table);
  } catch (thrown) {
    if (thrown instanceof Unfit) return `${thrown.code}: ${thrown.message}`;
    throw thrown;
  }
  return "it fits";
};

test.each([
  ["members that are missing or null", '{"id":null}', "{}"],
  ["members that no column has", '{"id":"a","more":{"of":"it"}}', '{"id":"a"}'],
  [
    "members of structs that are missing, null or unknown",
    '{"data":{"id":"p","more":1}}',
    '{"data":{"id":"p"}}',
  ],
  ["a bigint beyond a double's digits", '{"amount":9007199254740993}', '{"amount":9007199254740993}'],
  [
    "numbers that are written as text",
    '{"count":"12","amount":"-3","rate":"1.5"}',
    '{"count":12,"amount":-3,"rate":1.5}',
  ],
  ["hexadecimal text", '{"count":"0x1F"}', '{"count":31}'],
  [
    "whatever comes where a text is asked",
    '{"id":{"a":[1.50,true]}}',
    String.raw`{"id":"{\"a\":[1.50,true]}"}`,
  ],
  ["a number where a text is asked", '{"id":1e400}', '{"id":"1e400"}'],
  ["booleans as text", '{"paid":"TRUE"}', '{"paid":true}'],
  ["any other text as false", '{"paid":"yes"}', '{"paid":false}'],
  [
    "one element that is no array",
    '{"legs":{"account":"a","amount":1}}',
    '{"legs":[{"account":"a","amount":1}]}',
  ],
  ["an empty text for no array", '{"legs":""}', "{}"],
  ["an array with nothing in it", '{"legs":[]}', '{"legs":[]}'],
  [
    "members of a struct in their order",
    '{"data":["p",{"brand":"visa"}]}',
    '{"data":{"id":"p","method":{"brand":"visa"}}}',
  ],
  ["an empty array for no struct", '{"data":[]}', "{}"],
  ["half a character", String.raw`{"id":"a\ud800"}`, '{"id":"a\ufffd"}'],
])("%s: %s", (_what, text, row) => {
  expect(read(text)).toBe(row);
});

test("keys are compared as they are written, or in lower case where the table says so", () => {
  expect(read('{"ID":"a","data":{"Id":"b"}}')).toBe('{"data":{}}');
  expect(read('{"ID":"a","data":{"Id":"b"}}', true)).toBe('{"id":"a","data":{"id":"b"}}');
});

const mismatch = "DataFormatConversion.MalformedData: Data does not match the schema.";
test.each([
  ["", "DataFormatConversion.MalformedData: The record was empty or contained only whitespace."],
  [" \n", "DataFormatConversion.MalformedData: The record was empty or contained only whitespace."],
  ["12", "DataFormatConversion.MalformedData: The input JSON contained a primitive at the top level."],
  ["[{}]", `${mismatch} The top level is an array`],
  ["{no json", "DataFormatConversion.ParseError: Encountered malformed JSON."],
  ['{"id":"a"}{"id":"b"}', "DataFormatConversion.ParseError: Encountered malformed JSON."],
  [Buffer.from('{"id":"\xff"}', "latin1"), "DataFormatConversion.ParseError: Encountered malformed JSON."],
  [`{"id":${"[".repeat(200_000)}`, "DataFormatConversion.ParseError: Encountered malformed JSON."],
  ['{"amount":"ten"}', `${mismatch} For input string: "ten"`],
  ['{"count":2147483648}', `${mismatch} For input string: "2147483648"`],
  ['{"small":-129}', `${mismatch} For input string: "-129"`],
  ['{"amount":9223372036854775808}', `${mismatch} For input string: "9223372036854775808"`],
  ['{"amount":1.5}', `${mismatch} For input string: "1.5"`],
  ['{"amount":1e3}', `${mismatch} For input string: "1e3"`],
  ['{"rate":1e400}', `${mismatch} For input string: "1e400"`],
  ['{"amount":{}}', `${mismatch} {} is no number.`],
  ['{"paid":1}', `${mismatch} 1 is no boolean.`],
  ['{"data":"p"}', `${mismatch} "p" is no struct.`],
  ['{"legs":"none"}', `${mismatch} "none" is no struct.`],
])("%j does not fit, and says why", (data, because) => {
  expect(unfitOf(data)).toContain(because);
});

test("whatever JSON comes, it is a row of all columns or does not fit", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...Object.keys(empty), "more"), fc.jsonValue()), (members) => {
      const data = Buffer.from(JSON.stringify(members));
      try {
        expect(Object.keys(JSON.parse(rowOf(data, table)))).toEqual(Object.keys(empty));
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Unfit);
      }
    }),
  );
});

test.each([
  ["date", 'the type "date" is not written here'],
  ["struct<a:int", '">" is missing'],
  ["struct<:int>", "a member of a struct has no name"],
  ["array<int>>", '">" stands behind the type'],
  [`${"array<".repeat(30)}int${">".repeat(30)}`, "nested 20 deep"],
])("the type %s is refused", (type, because) => {
  expect(() => hiveTypeOf(type)).toThrow(because);
});
