import { z } from "zod";
import type { DisputeInquiry, EvidenceOutcome } from "#core/acquiring/disputes.ts";
import { absurd } from "#core/kernel/invariant.ts";
import { parseJson, promiseIn, refusal } from "./answer.ts";
import type { Exchange } from "./channel.ts";

const taken = z.object({ id: z.string(), key: z.string() });
const found = z.object({
  id: z.string(),
  outcome: z.enum(["won", "lost"]).optional(),
  /** The keys of what it has. */
  evidence: z.array(z.string().max(255)).max(100).default([]),
});

/** What the network brought, and what is known of a piece of evidence by it. What is not certain is `unknown`. */
export function evidenceOutcomeOf(
  exchange: Exchange,
  asked: { readonly key: string; readonly reference: string },
): EvidenceOutcome {
  switch (exchange.kind) {
    case "unsent":
      return { kind: "not_attempted", reason: `no_connection:${exchange.reason}` };
    case "unanswered":
      return { kind: "unknown", reason: `no_answer:${exchange.reason}` };
    case "answered":
      return answeredEvidence(exchange, asked);
    default:
      return absurd(exchange);
  }
}

function answeredEvidence(
  { statusCode, body }: Extract<Exchange, { kind: "answered" }>,
  { key, reference }: { readonly key: string; readonly reference: string },
): EvidenceOutcome {
  const said = parseJson(body);
  if (statusCode >= 200 && statusCode < 300) {
    const { data } = taken.safeParse(said);
    if (data === undefined) return { kind: "unknown", reason: "answer:malformed" };
    // On a kept-alive socket, an answer may belong to the request before this one.
    return data.key === key && data.id === reference
      ? { kind: "taken" }
      : { kind: "unknown", reason: "answer:of_another_request" };
  }
  const { data: refused } = refusal.safeParse(said);
  // A bare 409 may come from a proxy: it must say the word, and of which key.
  if (statusCode === 409 && refused?.error === "not_open" && refused.key === key) return { kind: "not_open" };
  const promised = promiseIn(statusCode, refused, key);
  return promised === undefined
    ? { kind: "unknown", reason: `answer:http_${statusCode}` }
    : { kind: "not_attempted", reason: `refused:${promised}` };
}

/** What the answer to an inquiry says. What is not certain is `unavailable`: nothing was learned. */
export function disputeInquiryOf(exchange: Exchange, reference: string): DisputeInquiry {
  switch (exchange.kind) {
    case "unsent":
      return { kind: "unavailable", reason: `no_connection:${exchange.reason}` };
    case "unanswered":
      return { kind: "unavailable", reason: `no_answer:${exchange.reason}` };
    case "answered":
      return foundOf(exchange.statusCode, parseJson(exchange.body), reference);
    default:
      return absurd(exchange);
  }
}

function foundOf(statusCode: number, said: unknown, reference: string): DisputeInquiry {
  if (statusCode === 404 && refusal.safeParse(said).data?.error === "unknown_dispute")
    return { kind: "not_found" };
  if (statusCode !== 200) return { kind: "unavailable", reason: `answer:http_${statusCode}` };
  const { data } = found.safeParse(said);
  if (data === undefined) return { kind: "unavailable", reason: "answer:malformed" };
  if (data.id !== reference) return { kind: "unavailable", reason: "answer:of_another_request" };
  return { kind: "found", state: data.outcome ?? "open", evidence: data.evidence };
}
