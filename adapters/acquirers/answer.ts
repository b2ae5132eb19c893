import { z } from "zod";
import { isDeclineCode } from "#core/acquiring/declines.ts";
import type { AcquirerOutcome } from "#core/acquiring/outcome.ts";
import { absurd } from "#core/kernel/invariant.ts";
import type { Exchange } from "./channel.ts";

/** What was asked. An answer that speaks of something else is no answer. */
export interface Asked {
  readonly key: string;
  /** The authorization that a capture or a void names. */
  readonly reference?: string;
}

/**
 * The acquirer's promises that it executed nothing, by HTTP status code: the body must say the word as well.
 * A bare 403 or 503 may come from a proxy that looks at answers, after the acquirer has executed the request.
 * The absent 422 (`key_reused`) is none: something was executed under this key.
 */
const promises: ReadonlyMap<number, string> = new Map([
  [400, "malformed"],
  [401, "unauthorized"],
  [403, "forbidden"],
  [404, "unknown_route"],
  [413, "too_large"],
  [503, "not_accepted"],
]);

const refusal = z.object({ error: z.string(), key: z.string().optional() });

/** An acquirer's name for an authorization: it becomes part of a path. */
const reference = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:~-]{0,127}$/);
const key = z.string();

const result = z.discriminatedUnion("result", [
  z.object({
    result: z.literal("approved"),
    key,
    reference,
    expires_at: z.iso.datetime({ offset: true }).optional(),
  }),
  z.object({
    result: z.literal("pending"),
    key,
    reference,
    // Customers are sent there: nothing but the web.
    redirect_url: z.url({ protocol: /^https?$/ }).optional(),
  }),
  z.object({
    result: z.literal("declined"),
    key,
    reference: reference.optional(),
    decline_code: z.string().optional(),
  }),
]);

/** The one table from what the network brought to what is known. What is not certain is `unknown`. */
export function outcomeOf(exchange: Exchange, asked: Asked): AcquirerOutcome {
  switch (exchange.kind) {
    case "unsent":
      return { kind: "not_attempted", reason: `no_connection:${exchange.reason}` };
    case "unanswered":
      return unknown(`no_answer:${exchange.reason}`);
    case "answered":
      return exchange.statusCode >= 200 && exchange.statusCode < 300
        ? resultOf(exchange.body, asked)
        : refusalOf(exchange.statusCode, exchange.body, asked);
    default:
      return absurd(exchange);
  }
}

function resultOf(body: string, asked: Asked): AcquirerOutcome {
  const parsed = result.safeParse(parseJson(body));
  if (!parsed.success) return unknown("answer:malformed");
  const answer = parsed.data;
  // On a kept-alive socket, an answer may belong to the request before this one.
  if (answer.key !== asked.key) return unknown("answer:of_another_request");
  if (asked.reference !== undefined && (answer.reference ?? asked.reference) !== asked.reference) {
    return unknown("answer:of_another_authorization");
  }
  switch (answer.result) {
    case "approved": {
      const { reference, expires_at } = answer;
      if (expires_at === undefined || asked.reference !== undefined) return { kind: "approved", reference };
      return { kind: "approved", reference, expiresAt: Date.parse(expires_at) };
    }
    case "pending": {
      const redirect = answer.redirect_url === undefined ? {} : { redirectUrl: answer.redirect_url };
      return { kind: "pending", reference: answer.reference, ...redirect };
    }
    case "declined": {
      const given = answer.decline_code ?? "";
      const code = isDeclineCode(given) ? given : "do_not_honor";
      return answer.reference === undefined
        ? { kind: "declined", code }
        : { kind: "declined", code, reference: answer.reference };
    }
    default:
      return absurd(answer);
  }
}

function refusalOf(statusCode: number, body: string, asked: Asked): AcquirerOutcome {
  const parsed = refusal.safeParse(parseJson(body));
  const promised = promises.get(statusCode);
  const isPromise =
    parsed.success && parsed.data.error === promised && (parsed.data.key ?? asked.key) === asked.key;
  return isPromise
    ? { kind: "not_attempted", reason: `refused:${promised}` }
    : unknown(`answer:http_${statusCode}`);
}

const unknown = (reason: string): AcquirerOutcome => ({ kind: "unknown", reason });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
