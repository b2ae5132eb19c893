import { Refusal } from "./refusal.ts";

/**
 * A day that an option names.
 * @returns as it was written: 2026-11-26
 * @throws Refusal for what is no day of the calendar
 */
export function dayIn(option: string, text: string): string {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  // 30 February would be 2 March.
  if (Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text)
    throw new Refusal(`--${option} "${text}" is no day: write it as 2026-11-26`);
  return text;
}

/** UTC. */
export const today = (now = Date.now()): string => new Date(now).toISOString().slice(0, 10);

const dayMs = 86_400_000;
/** More than the archive keeps. */
const daysMax = 15 * 366;

/**
 * Each day of the archive from one to another, both of them included.
 * @param until the last one; today when left out
 * @throws Refusal for what is no day, days in the wrong order, or days that are still to come.
 */
export function daysBetween(
  since: string | undefined,
  until: string | undefined,
  now: number,
): readonly string[] {
  if (since === undefined)
    throw new Refusal("say --since which day: the archive has events by the day of their arrival (UTC)");
  const first = Date.parse(dayIn("since", since));
  const last =
    until === undefined
      ? first + Math.floor((now - first) / dayMs) * dayMs
      : Date.parse(dayIn("until", until));
  if (first > now || last > now) throw new Refusal("the archive has no day that is still to come");
  if (last < first) throw new Refusal(`--until ${until} is before --since ${since}`);
  const count = (last - first) / dayMs + 1;
  if (count > daysMax) throw new Refusal(`${count} days are more than any archive keeps: ${daysMax} at most`);
  return Array.from({ length: count }, (_, index) =>
    new Date(first + index * dayMs).toISOString().slice(0, 10),
  );
}
