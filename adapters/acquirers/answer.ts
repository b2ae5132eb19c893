import { z } from "zod";
import { isDeclineCode } from "#core/acquiring/declines.ts";
import {
  type AcquirerOutcome,
  acquirerOperations,
  type Inquiry,
  type KnownOutcome,
} from "#core/acquiring/outcome.ts";
import { absurd } from "#core/kernel/invariant.ts";
import type { Exchange } from "./channel.ts";

/** What was asked. An answer that speaks of something else is no answer. */
export interface Asked {
  readonly key: string;
  /** The authorization that a capture, a void or a refund names. */
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

/** What an acquirer says where it does not do what was asked. */
export const refusal = z.object({ error: z.string(), key: z.string().optional() });

/** An acquirer's name for an authorization: it becomes part of a path. */
const reference = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.:~-]{0,127}$/);
const key = z.string();

/** What the acquirer says of one operation: in an answer, to an inquiry, in a notification. */
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
  const said = readResult(parseJson(body), asked.reference === undefined);
  if (said === undefined) return unknown("answer:malformed");
  // On a kept-alive socket, an answer may belong to the request before this one.
  if (said.key !== asked.key) return unknown("answer:of_another_request");
  const { outcome } = said;
  const isOfAnother =
    asked.reference !== undefined && (outcome.reference ?? asked.reference) !== asked.reference;
  return isOfAnother ? unknown("answer:of_another_authorization") : outcome;
}

/** What the answer to an inquiry says. What is not certain is `unavailable`: nothing was learned. */
export function inquiryOf(exchange: Exchange, key: string): Inquiry {
  switch (exchange.kind) {
    case "unsent":
      return unavailable(`no_connection:${exchange.reason}`);
    case "unanswered":
      return unavailable(`no_answer:${exchange.reason}`);
    case "answered":
      return foundOf(exchange.statusCode, parseJson(exchange.body), key);
    default:
      return absurd(exchange);
  }
}

const inquired = z.object({ operation: z.enum(acquirerOperations) });
const nothing = z.object({ error: z.literal("unknown_operation"), key: z.string() });

function foundOf(statusCode: number, body: unknown, key: string): Inquiry {
  // A bare 404 may come from a proxy, or from an acquirer that moved: it must say what it does not know.
  if (statusCode === 404 && nothing.safeParse(body).data?.key === key) return { kind: "not_found" };
  if (statusCode !== 200) return unavailable(`answer:http_${statusCode}`);
  const operation = inquired.safeParse(body).data?.operation;
  const said = readResult(body, operation === "authorize");
  if (said === undefined || operation === undefined) return unavailable("answer:malformed");
  if (said.key !== key) return unavailable("answer:of_another_request");
  return { kind: "found", operation, outcome: said.outcome };
}

/**
 * `mayEnd`: only an authorization ends by itself; of all else an expiry says nothing, and is left out.
 * @returns undefined when this is not how an acquirer speaks of an operation.
 */
export function readResult(
  body: unknown,
  mayEnd: boolean,
): { readonly key: string; readonly outcome: KnownOutcome } | undefined {
  const { data } = result.safeParse(body);
  return data === undefined ? undefined : { key: data.key, outcome: knownOutcomeOf(data, mayEnd) };
}

function knownOutcomeOf(said: z.output<typeof result>, mayEnd: boolean): KnownOutcome {
  switch (said.result) {
    case "approved": {
      const { reference, expires_at } = said;
      if (expires_at === undefined || !mayEnd) return { kind: "approved", reference };
      return { kind: "approved", reference, expiresAt: Date.parse(expires_at) };
    }
    case "pending": {
      const redirect = said.redirect_url === undefined ? {} : { redirectUrl: said.redirect_url };
      return { kind: "pending", reference: said.reference, ...redirect };
    }
    case "declined": {
      const given = said.decline_code ?? "";
      const code = isDeclineCode(given) ? given : "do_not_honor";
      return said.reference === undefined
        ? { kind: "declined", code }
        : { kind: "declined", code, reference: said.reference };
    }
    default:
      return absurd(said);
  }
}

function refusalOf(statusCode: number, body: string, asked: Asked): AcquirerOutcome {
  const promised = promiseIn(statusCode, refusal.safeParse(parseJson(body)).data, asked.key);
  return promised === undefined
    ? unknown(`answer:http_${statusCode}`)
    : { kind: "not_attempted", reason: `refused:${promised}` };
}

/** The word by which an acquirer promises that it executed nothing of what was asked under a key, where it does. */
export function promiseIn(
  statusCode: number,
  refused: z.output<typeof refusal> | undefined,
  key: string,
): string | undefined {
  const promised = promises.get(statusCode);
  return refused?.error === promised && (refused?.key ?? key) === key ? promised : undefined;
}

const unknown = (reason: string): AcquirerOutcome => ({ kind: "unknown", reason });
const unavailable = (reason: string): Inquiry => ({ kind: "unavailable", reason });

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
