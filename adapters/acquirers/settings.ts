import { z } from "zod";
import type { AcquirerProfile } from "#core/acquiring/routing.ts";
import { type Currency, isCurrency } from "#core/money/currency.ts";

const acquirersMax = 16;

/** The ACQUIRERS setting cannot be used. The stage must be corrected: no retry helps. */
export class AcquirerSettingsInvalid extends Error {
  override readonly name = "AcquirerSettingsInvalid";
}

export interface AcquirerSettings extends AcquirerProfile {
  readonly url: string;
}

const loopback = new Set(["127.0.0.1", "[::1]", "localhost"]);

/**
 * Whether nobody but ourselves can answer under an acquirer's URL: on this machine, or under a name that never resolves
 * (RFC 6761), which the local cloud and the simulation have their own sandboxes under.
 */
export function isSandbox({ url }: Pick<AcquirerSettings, "url">): boolean {
  const { hostname } = new URL(url);
  return loopback.has(hostname) || hostname.endsWith(".test");
}

/** Card numbers travel there: in the clear on this machine only. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  const isPlain = [username, password, search, hash].every((part) => part === "");
  return isPlain && (protocol === "https:" || (protocol === "http:" && loopback.has(hostname)));
}

const schema = z
  .array(
    z.strictObject({
      name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "a name is 1 to 32 of a-z, 0-9 and -"),
      url: z.string().refine(isSafeUrl, "a URL is https, or http on loopback, without credentials and query"),
      currencies: z.array(
        z.custom<Currency>(
          (code) => typeof code === "string" && isCurrency(code),
          "a currency is an ISO 4217 code",
        ),
      ),
      cost_bp: z.int().min(0).max(10_000),
    }),
  )
  .max(acquirersMax)
  .refine((listed) => new Set(listed.map((it) => it.name)).size === listed.length, "names are unique");

/**
 * Reads the ACQUIRERS variable: `[{"name", "url", "currencies": [ISO 4217], "cost_bp": 0 … 10,000}]`, at most 16.
 * One without currencies gets no new payments, and is asked about those that it has: it leaves the list when none is open.
 * An empty list is a stage without card payments.
 * @throws AcquirerSettingsInvalid that names every fault and its place.
 */
export function parseAcquirerSettings(json: string): readonly AcquirerSettings[] {
  const parsed = schema.safeParse(parseJson("ACQUIRERS", json));
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `[${issue.path.join(".")}] ${issue.message}`);
    throw new AcquirerSettingsInvalid(`ACQUIRERS: ${faults.join("; ")}`);
  }
  return parsed.data.map(({ cost_bp, ...settings }) => ({ ...settings, costBp: cost_bp }));
}

/** @throws AcquirerSettingsInvalid without a word of what the variable holds. */
export function parseJson(variable: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new AcquirerSettingsInvalid(`${variable}: not JSON`);
  }
}
