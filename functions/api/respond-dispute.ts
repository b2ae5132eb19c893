import type { Logger } from "@aws-lambda-powertools/logger";
import { z } from "zod";
import type { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import type { DisputeSaga } from "#adapters/stepfunctions/dispute-saga.ts";
import { acceptDispute, type DisputeRefusal, giveEvidence } from "#core/disputes/decide.ts";
import { type Dispute, type DisputeFact, evolveDispute, lossOf } from "#core/disputes/dispute.ts";
import { parseDisputeId } from "#core/disputes/ids.ts";
import { disputeView } from "#core/disputes/view.ts";
import { absurd } from "#core/kernel/invariant.ts";
import type { Result } from "#core/kernel/result.ts";
import type { Book } from "#core/ledger/account.ts";
import { type Answer, answer, found } from "./http/answer.ts";
import { readBody } from "./http/body.ts";
import { text } from "./http/fields.ts";
import { requireMatch, tagOf } from "./http/precondition.ts";
import { Problem } from "./http/problem.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";
import { fingerprintOf, type Idempotency, idempotencyKeyOf } from "./idempotency.ts";

interface Ports {
  readonly disputes: Pick<DisputeStore, "get" | "commitDispute">;
  readonly saga: Pick<DisputeSaga, "start">;
  readonly idempotency: Pick<Idempotency, "once">;
  readonly logger: Pick<Logger, "warn">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** How often the dispute may move between our reading and our writing before the caller is asked to come again. */
const triesMax = 4;
const textLengthMax = 4_000;
const fieldsMax = 20;
const fieldLengthMax = 500;

const evidenceBody = z.strictObject({
  text: text(textLengthMax),
  fields: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]{0,39}$/, {
        error: "A field's name is 1 to 40 lower-case letters, digits and underscores",
      }),
      text(fieldLengthMax),
    )
    .refine((fields) => Object.keys(fields).length <= fieldsMax, {
      params: { code: "too_many" },
      error: `Evidence has at most ${fieldsMax} fields`,
    })
    .default({}),
});
const acceptBody = z.strictObject({});

/** `POST /v1/disputes/{id}/evidence`: what the merchant says for itself, once. 202: the acquirer is handed it at once. */
export function giveEvidences(ports: Ports) {
  return async (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    const texts = readBody(request, evidenceBody);
    const fingerprint = fingerprintOf({ ...texts, id: request.parameters["id"] });
    return respond(ports, request, remainingMs, {
      word: "evidence",
      fingerprint,
      decide: (dispute, now) => giveEvidence(dispute, texts, fingerprint, now),
      isDone: ({ evidence }) => evidence?.fingerprint === fingerprint,
      answerWith: async (dispute) => {
        // What cannot be started now, the saga that waits for the merchant's word finds within an hour.
        await ports.saga.start(dispute, "evidence").catch((error: unknown) => {
          ports.logger.warn("evidence waits for its saga", { dispute: dispute.id, error: error as Error });
        });
        return answer(202, shownDispute(dispute), headersOf(dispute));
      },
    });
  };
}

/** `POST /v1/disputes/{id}/accept`: the customer is right, and the money stays gone. */
export function acceptDisputes(ports: Ports) {
  return async (request: ApiRequest, remainingMs: () => number): Promise<Answer> => {
    readBody(request, acceptBody);
    return respond(ports, request, remainingMs, {
      word: "accept",
      fingerprint: fingerprintOf({ id: request.parameters["id"] }),
      decide: acceptDispute,
      isDone: (dispute) => lossOf(dispute) === "accepted",
      answerWith: (dispute) => Promise.resolve(found(shownDispute(dispute), headersOf(dispute))),
    });
  };
}

interface Word {
  readonly word: "evidence" | "accept";
  readonly fingerprint: string;
  readonly decide: (dispute: Dispute, now: number) => Result<DisputeFact, DisputeRefusal>;
  /** Whether this very word was taken before: to say it again is no mistake. */
  readonly isDone: (dispute: Dispute) => boolean;
  readonly answerWith: (dispute: Dispute) => Promise<Answer>;
}

async function respond(
  ports: Ports,
  request: ApiRequest,
  remainingMs: () => number,
  { word, fingerprint, decide, isDone, answerWith }: Word,
): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.write");
  const key = idempotencyKeyOf(request);
  const id = parseDisputeId(request.parameters["id"] ?? "");
  if (id === undefined) throw new Problem("not_found");
  const once = { book: merchant, route: `POST /v1/disputes/${id}/${word}`, key, fingerprint };
  return ports.idempotency.once(once, remainingMs, async () => {
    for (let attempt = 0; attempt < triesMax; attempt += 1) {
      const dispute = await disputeNamed(ports.disputes, merchant, request);
      if (isDone(dispute)) return answerWith(dispute);
      requireMatch(request, "dispute", dispute.version);
      const now = ports.now();
      const decided = decide(dispute, now);
      if (!decided.ok) throw problemOf(decided.error);
      const after = evolveDispute(dispute, decided.value, now);
      const committed = await ports.disputes.commitDispute({ before: dispute, after });
      if (committed.kind === "applied") return answerWith(committed.dispute);
    }
    throw new Problem("unavailable", {
      detail: "The dispute moves too fast. Send the same request again.",
    });
  });
}

/** @throws Problem 404, also for another merchant's. */
export async function disputeNamed(
  disputes: Pick<DisputeStore, "get">,
  merchant: Book,
  request: ApiRequest,
): Promise<Dispute> {
  const id = parseDisputeId(request.parameters["id"] ?? "");
  const dispute = id === undefined ? undefined : await disputes.get(merchant, id);
  if (dispute === undefined) throw new Problem("not_found");
  return dispute;
}

/** A dispute as its merchant sees it: with what it wrote. */
export const shownDispute = (dispute: Dispute) => ({
  ...disputeView(dispute),
  evidence: dispute.evidence?.texts ?? null,
});

const headersOf = ({ id, version }: Dispute) => ({ location: `/v1/disputes/${id}`, etag: tagOf(version) });

function problemOf(refusal: DisputeRefusal): Problem {
  switch (refusal.code) {
    case "wrong_state":
      return new Problem("dispute_wrong_state", { detail: `The dispute is ${refusal.state}.` });
    case "evidence_exists":
    case "evidence_overdue":
      return new Problem(refusal.code);
    default:
      return absurd(refusal);
  }
}
