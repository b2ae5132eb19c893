import { InvalidExpression } from "./expression-error.ts";
import { instantOf, localTimeOf } from "./time-zone.ts";

const dayMs = 86_400_000;
const minuteMs = 60_000;
/** Days that are looked at for the next match: a 29 February that is a certain weekday comes within 40 years. */
const daysMax = 40 * 366;

const monthNames = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const weekdayNames = "SUN MON TUE WED THU FRI SAT".split(" ");

/** What a field asks of a day that is more than a set of numbers. */
type DayTest = (day: Day) => boolean;

interface Day {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly dayOfMonth: number;
  /** 1 is Sunday, as AWS counts. */
  readonly weekday: number;
  readonly daysInMonth: number;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
  /** Number of the first name. */
  readonly firstName?: number;
}

const fields = {
  minutes: { name: "minutes", min: 0, max: 59 },
  hours: { name: "hours", min: 0, max: 23 },
  dayOfMonth: { name: "day of month", min: 1, max: 31 },
  month: { name: "month", min: 1, max: 12, names: monthNames, firstName: 1 },
  weekday: { name: "day of week", min: 1, max: 7, names: weekdayNames, firstName: 1 },
  year: { name: "year", min: 1970, max: 2199 },
} satisfies Readonly<Record<string, Field>>;

/**
 * Reads the six fields of AWS's cron: minutes, hours, day of month, month, day of week, year.
 * @throws InvalidExpression when EventBridge would refuse them.
 */
export function parseCron(
  text: string,
  timeZone: string,
): { readonly next: (afterMs: number) => number | undefined } {
  const parts = text.trim().split(/\s+/);
  const [minutes = "", hours = "", dayOfMonth = "", month = "", weekday = "", year = ""] = parts;
  if (parts.length !== 6) throw new InvalidExpression(`cron(${text}) has not six fields`);
  if ((dayOfMonth === "?") === (weekday === "?")) {
    throw new InvalidExpression(`cron(${text}): either the day of month or the day of week is a ?`);
  }
  localTimeOf(0, timeZone);
  const minuteSet = numbersOf(fields.minutes, minutes);
  const hourSet = numbersOf(fields.hours, hours);
  const monthSet = numbersOf(fields.month, month);
  const yearSet = numbersOf(fields.year, year);
  const isDay = weekday === "?" ? dayOfMonthTest(dayOfMonth) : weekdayTest(weekday);
  const times = [...hourSet].flatMap((hour) =>
    [...minuteSet].map((minute) => (hour * 60 + minute) * minuteMs),
  );
  times.sort((a, b) => a - b);

  function next(afterMs: number): number | undefined {
    const afterLocal = localTimeOf(afterMs, timeZone);
    const firstDay = Math.floor(afterLocal / dayMs) * dayMs;
    for (let index = 0; index < daysMax; index += 1) {
      const midnight = firstDay + index * dayMs;
      const day = dayOf(midnight);
      if (day.year > fields.year.max) return undefined;
      if (!yearSet.has(day.year) || !monthSet.has(day.month) || !isDay(day)) continue;
      for (const time of times) {
        const instant = instantOf(midnight + time, timeZone);
        // Clocks that go forward skip times: what they never show does not come.
        if (instant > afterMs && localTimeOf(instant, timeZone) === midnight + time) return instant;
      }
    }
    return undefined;
  }
  return { next };
}

function dayOf(midnightMs: number): Day {
  const date = new Date(midnightMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + 1];
  return {
    year,
    month,
    dayOfMonth: date.getUTCDate(),
    weekday: date.getUTCDay() + 1,
    daysInMonth: new Date(Date.UTC(year, month, 0)).getUTCDate(),
  };
}

/** `*`, numbers, ranges, steps and lists of them. */
function numbersOf(field: Field, text: string): ReadonlySet<number> {
  const numbers = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step] = part.split("/");
    const everyN = step === undefined ? 1 : wholeNumber(field, step);
    const [from, to] = boundsOf(field, range, step !== undefined);
    if (everyN < 1 || from > to) throw new InvalidExpression(`${part} is no ${field.name}`);
    for (let number = from; number <= to; number += everyN) numbers.add(number);
  }
  return numbers;
}

function boundsOf(field: Field, range: string, hasStep: boolean): readonly [number, number] {
  if (range === "*") return [field.min, field.max];
  const [low = "", high] = range.split("-");
  const from = numberOf(field, low);
  if (high !== undefined) return [from, numberOf(field, high)];
  return [from, hasStep ? field.max : from];
}

function numberOf(field: Field, text: string): number {
  const index = field.names?.indexOf(text.toUpperCase()) ?? -1;
  const number = index >= 0 ? index + (field.firstName ?? 0) : wholeNumber(field, text);
  if (number < field.min || number > field.max) throw new InvalidExpression(`${text} is no ${field.name}`);
  return number;
}

function wholeNumber(field: Field, text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidExpression(`${text} is no ${field.name}`);
  return Number(text);
}

function dayOfMonthTest(text: string): DayTest {
  if (text === "L") return ({ dayOfMonth, daysInMonth }) => dayOfMonth === daysInMonth;
  const nearest = /^(\d{1,2}|L)W$/.exec(text)?.[1];
  if (nearest !== undefined) {
    const wanted = nearest === "L" ? Infinity : numberOf(fields.dayOfMonth, nearest);
    return (day) => day.dayOfMonth === nearestWeekday(day, Math.min(wanted, day.daysInMonth));
  }
  const numbers = numbersOf(fields.dayOfMonth, text);
  return ({ dayOfMonth }) => numbers.has(dayOfMonth);
}

/** The working day next to a day of the month, within the month. */
function nearestWeekday(day: Day, wanted: number): number {
  const weekday = (((day.weekday - 1 + wanted - day.dayOfMonth) % 7) + 7) % 7;
  if (weekday === 6) return wanted > 1 ? wanted - 1 : wanted + 2;
  if (weekday === 0) return wanted < day.daysInMonth ? wanted + 1 : wanted - 2;
  return wanted;
}

function weekdayTest(text: string): DayTest {
  const last = /^(.+)L$/i.exec(text)?.[1];
  if (last !== undefined) {
    const wanted = numberOf(fields.weekday, last);
    return ({ weekday, dayOfMonth, daysInMonth }) => weekday === wanted && dayOfMonth + 7 > daysInMonth;
  }
  if (text.toUpperCase() === "L") return ({ weekday }) => weekday === 7;
  const [name = "", nth] = text.split("#");
  if (nth !== undefined) {
    const wanted = numberOf(fields.weekday, name);
    const count = wholeNumber(fields.weekday, nth);
    if (count < 1 || count > 5) throw new InvalidExpression(`${text} is no day of week`);
    return ({ weekday, dayOfMonth }) => weekday === wanted && Math.ceil(dayOfMonth / 7) === count;
  }
  const numbers = numbersOf(fields.weekday, text);
  return ({ weekday }) => numbers.has(weekday);
}
