/** What of a prefix stands for something else: `!{timestamp:yyyy-MM-dd}`. */
const expression = /!\{(\w+):([^}]*)\}/g;
/** Letters of Java's DateTimeFormatter that are read here, each run of them by its length. */
const timeParts: Readonly<Record<string, (at: Date) => string>> = {
  yyyy: (at) => `${at.getUTCFullYear()}`.padStart(4, "0"),
  MM: (at) => two(at.getUTCMonth() + 1),
  dd: (at) => two(at.getUTCDate()),
  HH: (at) => two(at.getUTCHours()),
  mm: (at) => two(at.getUTCMinutes()),
  ss: (at) => two(at.getUTCSeconds()),
};
const defaultTime = "yyyy/MM/dd/HH/";
/** It grows with each change of a delivery stream on AWS; here the plan is always its first. */
const version = "1";
const randomLetters = 11;

const two = (part: number): string => `${part}`.padStart(2, "0");

/** Of whom there is none in a prefix of what fits. */
type ErrorType = "format-conversion-failed";

export interface Naming {
  readonly deliveryName: string;
  readonly prefix: string;
  readonly extension: string;
  /** What its name is told for, in a place for what does not fit. */
  readonly errorType?: ErrorType;
}

/**
 * The key of an object: its prefix, and a name that no other has. Both tell when the oldest of its records arrived (UTC).
 * @throws SyntaxError for a prefix that Firehose would not take, or that is not read here.
 */
export function objectKeyOf(naming: Naming, arrivedAt: Date, uuid: string): string {
  const { deliveryName, extension } = naming;
  const stamp = timeOf("yyyy-MM-dd-HH-mm-ss", arrivedAt);
  return `${prefixOf(naming, arrivedAt, uuid)}${deliveryName}-${version}-${stamp}-${uuid}${extension}`;
}

/** A prefix without an expression is followed by the hour, as Firehose has always done. */
function prefixOf({ prefix, errorType }: Naming, arrivedAt: Date, uuid: string): string {
  let hasExpression = false;
  const evaluated = prefix.replace(expression, (written, namespace: string, value: string) => {
    hasExpression = true;
    if (namespace === "timestamp") return timeOf(value, arrivedAt);
    if (namespace === "firehose" && value === "random-string")
      return uuid.replaceAll("-", "").slice(0, randomLetters);
    if (namespace === "firehose" && value === "error-output-type" && errorType !== undefined)
      return errorType;
    throw new SyntaxError(`${written} cannot stand in the prefix ${prefix}`);
  });
  return hasExpression ? evaluated : evaluated + timeOf(defaultTime, arrivedAt);
}

/** By a pattern of Java's DateTimeFormatter: letters stand for parts of the time, and what is in quotes for itself. */
function timeOf(pattern: string, at: Date): string {
  return pattern.replace(/'([^']*)'|([A-Za-z])\2*/g, (letters, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted === "" ? "'" : quoted;
    const part = Object.hasOwn(timeParts, letters) ? timeParts[letters] : undefined;
    if (part === undefined) throw new SyntaxError(`${letters} of the time ${pattern} is not read here`);
    return part(at);
  });
}
