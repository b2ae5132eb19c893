import { type Input, isObject } from "../door/call-input.ts";

/** What a list or a map takes beside its members, and what each of those takes. */
const collectionBytes = 3;
const memberBytes = 1;

/**
 * Bytes of an item as DynamoDB bills them: names and values. `item` is in DynamoDB's JSON.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemBytes(item: Input): number {
  return Object.entries(item).reduce(
    (bytes, [name, value]) => bytes + Buffer.byteLength(name) + valueBytes(value),
    0,
  );
}

function valueBytes(value: unknown): number {
  const [[type, content] = []] = isObject(value) ? Object.entries(value) : [];
  switch (type) {
    case "S":
      return Buffer.byteLength(String(content));
    case "N":
      return numberBytes(String(content));
    case "B":
      return Buffer.byteLength(String(content), "base64");
    case "SS":
    case "NS":
    case "BS":
      return [content]
        .flat()
        .reduce<number>((bytes, each) => bytes + valueBytes({ [type[0] ?? ""]: each }), 0);
    case "L":
      return [content]
        .flat()
        .reduce<number>((bytes, each) => bytes + memberBytes + valueBytes(each), collectionBytes);
    case "M":
      return isObject(content)
        ? collectionBytes + itemBytes(content) + memberBytes * Object.keys(content).length
        : collectionBytes;
    default:
      // BOOL, NULL, and whatever is no value.
      return 1;
  }
}

/** About a byte for two significant digits, one more, and one for a minus. */
function numberBytes(text: string): number {
  const digits = text
    .replace(/e.*$/i, "")
    .replace(/^[-+]?0*|[.]/g, "")
    .replace(/0+$/, "");
  return Math.ceil(digits.length / 2) + 1 + (text.startsWith("-") ? 1 : 0);
}
