import { type ParseErrorCode, printParseErrorCode, visit } from "jsonc-parser";
import { containsPan } from "#core/cards/pan.ts";
import { type FieldError, Problem } from "./problem.ts";

const depthMax = 20;
const errorsMax = 20;

/** What a number becomes that is not written as a plain integer: no schema accepts it. */
const notAnInteger = Number.NaN;

/**
 * Reads JSON without forgiveness: duplicate keys, deep nesting, a byte-order mark and broken UTF-8 are refused,
 * and numbers must be integers that are written as such: `1e3`, `1.0`, `-0` and 2^53+1 do not pass as amounts.
 * @throws Problem `malformed_json` for what is not JSON, `invalid_request` for `__proto__` keys.
 */
export function parseStrictJson(text: string): unknown {
  if (text.trim() === "") throw new Problem("malformed_json", { detail: "The body is empty." });
  if (text.startsWith("\uFEFF"))
    throw new Problem("malformed_json", { detail: "The body starts with a byte-order mark." });
  if (text.includes("\uFFFD"))
    throw new Problem("malformed_json", { detail: "The body is not valid UTF-8, or holds U+FFFD." });
  checkStructure(text);
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === "number" && !isPlainInteger(value, context?.source) ? notAnInteger : value,
    );
  } catch {
    // Its message quotes the text, which may hold a card number: it must not reach a log.
    throw new Problem("malformed_json");
  }
}

const isPlainInteger = (value: number, source: string | undefined): boolean =>
  Number.isSafeInteger(value) && source !== undefined && /^(0|-?[1-9]\d*)$/.test(source);

function checkStructure(text: string): void {
  const keysOfOpenObjects: Set<string>[] = [];
  const forbidden: FieldError[] = [];
  let depth = 0;
  const enter = (): void => {
    depth += 1;
    if (depth > depthMax)
      throw new Problem("malformed_json", { detail: `The body is nested more than ${depthMax} deep.` });
  };
  visit(
    text,
    {
      onObjectBegin: () => {
        enter();
        keysOfOpenObjects.push(new Set());
      },
      onArrayBegin: enter,
      onObjectEnd: () => {
        depth -= 1;
        keysOfOpenObjects.pop();
      },
      onArrayEnd: () => {
        depth -= 1;
      },
      onObjectProperty: (key, _offset, _length, _line, _column, pathOfParent) => {
        const keys = keysOfOpenObjects.at(-1);
        // Texts are kept in NFC: keys that differ only before it would become one, and lose a value.
        const name = key.normalize("NFC");
        if (keys?.has(name))
          throw new Problem("malformed_json", {
            detail: `A key appears twice in the object at ${JSON.stringify(toPointer(pathOfParent()))}.`,
          });
        keys?.add(name);
        if (key === "__proto__" && forbidden.length < errorsMax) {
          forbidden.push({
            pointer: toPointer([...pathOfParent(), key]),
            code: "unknown_property",
            detail: "There is no such property.",
          });
        }
      },
      onError: (error: ParseErrorCode, offset) => {
        throw new Problem("malformed_json", {
          detail: `${printParseErrorCode(error)} at character ${offset}.`,
        });
      },
    },
    { disallowComments: true, allowTrailingComma: false, allowEmptyContent: false },
  );
  if (forbidden.length > 0) throw new Problem("invalid_request", { errors: forbidden });
}

/** RFC 6901. It ends above a key that reads as a card number: answers are logged by whoever gets them. */
export function toPointer(path: readonly PropertyKey[]): string {
  const segments = path.map(String);
  const card = segments.findIndex(containsPan);
  return segments
    .slice(0, card < 0 ? segments.length : card)
    .map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`)
    .join("");
}
