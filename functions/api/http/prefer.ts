import { Problem } from "./problem.ts";
import type { ApiRequest } from "./request.ts";

/** The gateway gives up after 30 s; the answer must be stored and sent before that. */
const waitSecondsMax = 25;
const waitSecondsDefault = 10;

export type Preference =
  | { readonly respondAsync: true }
  | { readonly respondAsync: false; readonly waitMs: number };

/**
 * How long the caller wants to wait for an outcome (RFC 7240): `Prefer: wait=N` or `respond-async`.
 * Preferences that this API does not know are ignored, as the RFC says.
 * @throws Problem 400 when N is not a whole number of seconds of at most 25.
 */
export function preferenceOf({ headers }: ApiRequest): Preference {
  const preferences = (headers["prefer"] ?? "")
    .toLowerCase()
    .split(/[,;]/)
    .map((part) => part.trim());
  const wait = preferences
    .find((preference) => /^wait\s*(=|$)/.test(preference))
    ?.replace(/^wait\s*=\s*/, "");
  if (wait !== undefined && !(/^\d{1,2}$/.test(wait) && Number(wait) <= waitSecondsMax)) {
    throw new Problem("malformed_header", {
      detail: `Prefer: wait=N takes whole seconds from 0 to ${waitSecondsMax}.`,
    });
  }
  if (preferences.includes("respond-async") || wait === "0") return { respondAsync: true };
  return { respondAsync: false, waitMs: Number(wait ?? waitSecondsDefault) * 1_000 };
}
