import { InvalidExpression } from "./expression-error.ts";

const dayMs = 86_400_000;

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * What the clocks of a zone show, as if it were UTC: both are epoch milliseconds.
 * @throws InvalidExpression when there is no such zone.
 */
export function localTimeOf(instantMs: number, timeZone: string): number {
  if (timeZone === "UTC") return instantMs;
  const parts = new Map(
    formatOf(timeZone)
      .formatToParts(instantMs)
      .map(({ type, value }) => [type, Number(value)]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  return Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"), part("second"));
}

/**
 * The instant at which the clocks of a zone show a time. When they show it twice, the first; when they skip it, the
 * instant that would have shown it had they not.
 */
export function instantOf(localMs: number, timeZone: string): number {
  // The offset is the one before or the one after a change of the clocks; the larger gives the earlier instant.
  const offsets = [localMs - dayMs, localMs + dayMs].map((ms) => localTimeOf(ms, timeZone) - ms);
  const instants = offsets.map((offset) => localMs - offset).sort((a, b) => a - b);
  const shown = instants.find((instant) => localTimeOf(instant, timeZone) === localMs);
  return shown ?? instants[0] ?? localMs;
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  try {
    const format = new Intl.DateTimeFormat("en-US", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(timeZone, format);
    return format;
  } catch (thrown) {
    throw new InvalidExpression(`there is no time zone ${timeZone}`, { cause: thrown });
  }
}
