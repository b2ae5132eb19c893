/** A value of an event, where a pattern looks for a leaf. `undefined`: the event has no such key. */
export type Leaf = string | number | boolean | null | undefined;

export type Matcher = (leaf: Leaf) => boolean;

/** A pattern that AWS would refuse. */
export class InvalidPattern extends Error {
  override readonly name = "InvalidPattern";
}

type Json = unknown;
type Operator = (operand: Json) => Matcher;

/** AWS's own range of numbers in patterns. */
const numberMax = 5.0e9;

/** One element of a pattern's list: a literal, or an object with one operator. */
export function matcherOf(element: Json): Matcher {
  if (isLiteral(element)) return (leaf) => leaf === element;
  if (!isObject(element)) throw new InvalidPattern("a list of a pattern holds literals and operators");
  const [entry, ...others] = Object.entries(element);
  if (entry === undefined || others.length > 0) {
    throw new InvalidPattern("an operator of a pattern stands alone in its object");
  }
  const [name, operand] = entry;
  const operator = operators.get(name);
  if (operator === undefined) throw new InvalidPattern(`unrecognized match type ${name}`);
  return operator(operand);
}

const operators: ReadonlyMap<string, Operator> = new Map<string, Operator>([
  ["prefix", (operand) => affix("prefix", operand)],
  ["suffix", (operand) => affix("suffix", operand)],
  ["equals-ignore-case", (operand) => ignoringCase(textOf("equals-ignore-case", operand))],
  ["wildcard", (operand) => wildcard(textOf("wildcard", operand))],
  ["exists", exists],
  ["numeric", numeric],
  ["anything-but", anythingBut],
  ["cidr", (operand) => cidr(textOf("cidr", operand))],
]);

function affix(kind: "prefix" | "suffix", operand: Json): Matcher {
  const inner = isObject(operand) ? operand["equals-ignore-case"] : undefined;
  if (inner !== undefined) {
    const text = textOf(kind, inner).toLowerCase();
    return (leaf) => typeof leaf === "string" && hasAffix(kind, leaf.toLowerCase(), text);
  }
  const text = textOf(kind, operand);
  return (leaf) => typeof leaf === "string" && hasAffix(kind, leaf, text);
}

const hasAffix = (kind: "prefix" | "suffix", leaf: string, text: string): boolean =>
  kind === "prefix" ? leaf.startsWith(text) : leaf.endsWith(text);

function ignoringCase(text: string): Matcher {
  const wanted = text.toLowerCase();
  return (leaf) => typeof leaf === "string" && leaf.toLowerCase() === wanted;
}

function wildcard(text: string): Matcher {
  if (text.includes("**")) throw new InvalidPattern("consecutive wildcard characters");
  // A backslash makes the star or backslash behind it an ordinary character.
  const parts = text
    .split(/(?<!\\)\*/)
    .map((part) => part.replace(/\\([*\\])/g, "$1").replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const pattern = new RegExp(`^${parts.join(".*")}$`, "s");
  return (leaf) => typeof leaf === "string" && pattern.test(leaf);
}

function exists(operand: Json): Matcher {
  if (typeof operand !== "boolean") throw new InvalidPattern("exists is true or false");
  return (leaf) => (leaf !== undefined) === operand;
}

const comparisons: Readonly<Record<string, (value: number, bound: number) => boolean>> = {
  "=": (value, bound) => value === bound,
  "<": (value, bound) => value < bound,
  "<=": (value, bound) => value <= bound,
  ">": (value, bound) => value > bound,
  ">=": (value, bound) => value >= bound,
};

function numeric(operand: Json): Matcher {
  if (!Array.isArray(operand) || (operand.length !== 2 && operand.length !== 4)) {
    throw new InvalidPattern('numeric is a list: ["=", 5] or [">", 0, "<=", 5]');
  }
  const tests: Matcher[] = [];
  for (let index = 0; index < operand.length; index += 2) {
    const [name, bound] = [operand[index], operand[index + 1]];
    const compare =
      typeof name === "string" && Object.hasOwn(comparisons, name) ? comparisons[name] : undefined;
    if (compare === undefined) throw new InvalidPattern(`unrecognized numeric range operator ${name}`);
    if (typeof bound !== "number" || Math.abs(bound) > numberMax) {
      throw new InvalidPattern(`numbers of a pattern are between -${numberMax} and ${numberMax}`);
    }
    tests.push((leaf) => typeof leaf === "number" && compare(leaf, bound));
  }
  return (leaf) => tests.every((test) => test(leaf));
}

/** Wants the key: an event without it is not "anything but". */
function anythingBut(operand: Json): Matcher {
  const excluded = excludedBy(operand);
  return (leaf) => leaf !== undefined && !excluded.some((matches) => matches(leaf));
}

function excludedBy(operand: Json): readonly Matcher[] {
  if (!isObject(operand)) {
    const values = Array.isArray(operand) ? operand : [operand];
    if (
      values.length === 0 ||
      !values.every((value) => typeof value === "string" || typeof value === "number")
    ) {
      throw new InvalidPattern("anything-but holds text or numbers");
    }
    return values.map((value) => matcherOf(value));
  }
  const [entry, ...others] = Object.entries(operand);
  const known = ["prefix", "suffix", "equals-ignore-case", "wildcard"];
  if (entry === undefined || others.length > 0 || !known.includes(entry[0])) {
    throw new InvalidPattern(`anything-but takes one of ${known.join(", ")}`);
  }
  const [name, value] = entry;
  return (Array.isArray(value) ? value : [value]).map((each) => matcherOf({ [name]: each }));
}

function cidr(text: string): Matcher {
  const [address = "", bits = ""] = text.split("/");
  const network = ipv4(address);
  const length = Number(bits);
  if (network === undefined || bits === "" || !Number.isInteger(length) || length < 0 || length > 32) {
    throw new InvalidPattern(`cidr is an IPv4 network here, not ${text}`);
  }
  const shift = 2 ** (32 - length);
  return (leaf) => {
    const host = typeof leaf === "string" ? ipv4(leaf) : undefined;
    return host !== undefined && Math.floor(host / shift) === Math.floor(network / shift);
  };
}

function ipv4(text: string): number | undefined {
  const parts = text.split(".").map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (parts.length !== 4 || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

function textOf(name: string, operand: Json): string {
  if (typeof operand === "string" && operand !== "") return operand;
  throw new InvalidPattern(`${name} takes a text that is not empty`);
}

function isLiteral(value: Json): value is Exclude<Leaf, undefined> {
  return value === null || ["string", "number", "boolean"].includes(typeof value);
}

export function isObject(value: Json): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
