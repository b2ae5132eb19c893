import { Logger } from "@aws-lambda-powertools/logger";
import { z } from "zod";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { createStepFunctions } from "#adapters/stepfunctions/client.ts";
import { DisputeSaga } from "#adapters/stepfunctions/dispute-saga.ts";
import type { Dispute } from "#core/disputes/dispute.ts";
import type { Book } from "#core/ledger/account.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { type Answer, found } from "./http/answer.ts";
import { cursorOf, positionOf } from "./http/cursor.ts";
import { apiHandler } from "./http/handler.ts";
import { tagOf } from "./http/precondition.ts";
import { Problem } from "./http/problem.ts";
import { limit, readQuery } from "./http/query.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";
import { Idempotency } from "./idempotency.ts";
import { acceptDisputes, disputeNamed, giveEvidences, shownDispute } from "./respond-dispute.ts";

const dynamoDb = createDynamoDb();
const tables = { payments: requiredVariable("PAYMENTS_TABLE") };
const disputes = new DisputeStore(dynamoDb, tables, writerEpoch());
const payments = new PaymentStore(dynamoDb, tables, writerEpoch());
const ports = {
  disputes,
  saga: new DisputeSaga(createStepFunctions(), requiredVariable("DISPUTE_SAGA_ARN")),
  idempotency: new Idempotency(dynamoDb, requiredVariable("IDEMPOTENCY_TABLE")),
  logger: new Logger({ serviceName: "disputes" }),
  now: Date.now,
};

/** Shows and lists disputes, and takes what merchants say of them. */
export const handler = apiHandler({
  "/v1/disputes": { GET: listDisputes },
  "/v1/disputes/:id": { GET: showDispute },
  "/v1/disputes/:id/evidence": { POST: giveEvidences(ports) },
  "/v1/disputes/:id/accept": { POST: acceptDisputes(ports) },
});

async function showDispute(request: ApiRequest): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.read", "payments.write");
  const dispute = await disputeNamed(disputes, merchant, request);
  return found(shownDispute(dispute), { etag: tagOf(dispute.version) });
}

const listQuery = z.strictObject({
  limit,
  cursor: z.string().max(200).optional(),
  payment: z.string().optional(),
});

/** Newest first; of one payment, all of them at once. */
async function listDisputes(request: ApiRequest): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.read", "payments.write");
  const query = readQuery(request, listQuery);
  if (query.payment !== undefined) return listOfPayment(merchant, query.payment);
  const scope = `disputes of ${merchant}`;
  const page = await disputes.list(merchant, {
    limit: query.limit,
    ...(query.cursor === undefined ? {} : { before: positionOf(scope, query.cursor) }),
  });
  return listed(page.disputes, page.next === undefined ? null : cursorOf(scope, page.next));
}

async function listOfPayment(merchant: Book, text: string): Promise<Answer> {
  const payment = parsePaymentId(text);
  if (payment === undefined) throw new Problem("not_found");
  const own = await disputes.ofPayment(merchant, payment);
  if (own.length === 0 && !(await payments.exists(merchant, payment))) throw new Problem("not_found");
  return listed(
    own.toSorted((a, b) => b.createdAt - a.createdAt),
    null,
  );
}

const listed = (own: readonly Dispute[], nextCursor: string | null): Answer =>
  found({ object: "list", data: own.map(shownDispute), next_cursor: nextCursor });
