import { parseCron } from "./cron.ts";
import { InvalidExpression } from "./expression-error.ts";
import { instantOf } from "./time-zone.ts";

/** When a schedule fires. */
export interface ScheduleExpression {
  /** The next time after `afterMs` (epoch milliseconds), or undefined when there is none. `startedMs`: begin of a rate. */
  next(afterMs: number, startedMs: number): number | undefined;
}

const unitMs: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/**
 * Reads `cron(…)`, `rate(…)` or `at(…)`, in the time of a zone of IANA (`UTC` for rules).
 * @throws InvalidExpression when EventBridge would refuse it.
 */
export function parseSchedule(text: string, timeZone = "UTC"): ScheduleExpression {
  const [, kind, inner = ""] = /^(cron|rate|at)\((.+)\)$/.exec(text) ?? [];
  switch (kind) {
    case "cron": {
      const cron = parseCron(inner, timeZone);
      return { next: (afterMs) => cron.next(afterMs) };
    }
    case "rate":
      return rateOf(inner);
    case "at":
      return atOf(inner, timeZone);
    default:
      throw new InvalidExpression(`${text} is no cron(…), rate(…) or at(…)`);
  }
}

function rateOf(inner: string): ScheduleExpression {
  const [, count = "", unit = "", plural] = /^([1-9]\d{0,5}) (minute|hour|day)(s?)$/.exec(inner) ?? [];
  const everyMs = Number(count) * (unitMs[unit] ?? 0);
  // AWS insists on grammar: 1 minute, 5 minutes.
  if (everyMs === 0 || (Number(count) === 1) !== (plural === "")) {
    throw new InvalidExpression(`rate(${inner}) is no rate`);
  }
  return {
    next: (afterMs, startedMs) =>
      startedMs + Math.max(1, Math.floor((afterMs - startedMs) / everyMs) + 1) * everyMs,
  };
}

function atOf(inner: string, timeZone: string): ScheduleExpression {
  const match = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/.exec(inner);
  if (match === null) throw new InvalidExpression(`at(${inner}) is no time`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const localMs = Date.UTC(year, month - 1, day, hour, minute, second);
  if (Number.isNaN(localMs)) throw new InvalidExpression(`at(${inner}) is no time`);
  const atMs = instantOf(localMs, timeZone);
  return { next: (afterMs) => (atMs > afterMs ? atMs : undefined) };
}
