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
