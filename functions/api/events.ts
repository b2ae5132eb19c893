import { z } from "zod";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { EventStore } from "#adapters/dynamodb/event-store.ts";
import type { PublishedEvent } from "#core/events/payment-event.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import { requiredVariable } from "#functions/environment.ts";
import { type Answer, found } from "./http/answer.ts";
import { cursorOf, positionOf } from "./http/cursor.ts";
import { apiHandler } from "./http/handler.ts";
import { Problem } from "./http/problem.ts";
import { limit, readQuery } from "./http/query.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";

const events = new EventStore(createDynamoDb(), requiredVariable("EVENTS_TABLE"));

/** What happened to a merchant's payments, for thirty days. */
export const handler = apiHandler({
  "/v1/events": { GET: listEvents },
  "/v1/payments/:id/events": { GET: listEventsOfPayment },
});

const listQuery = z.strictObject({ limit, cursor: z.string().max(200).optional() });

/** Newest first. */
async function listEvents(request: ApiRequest): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.read", "payments.write");
  const query = readQuery(request, listQuery);
  const scope = `events of ${merchant}`;
  const page = await events.list(merchant, {
    limit: query.limit,
    ...(query.cursor === undefined ? {} : { before: positionOf(scope, query.cursor) }),
  });
  return found({
    object: "list",
    data: page.events.map(eventView),
    next_cursor: page.next === undefined ? null : cursorOf(scope, page.next),
  });
}

/** All of them, by sequence: a payment has a few. */
async function listEventsOfPayment(request: ApiRequest): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.read", "payments.write");
  const id = parsePaymentId(request.parameters["id"] ?? "");
  const ofPayment = id === undefined ? [] : await events.ofPayment(merchant, id);
  // Of another merchant's payment there is nothing under this merchant's keys.
  if (ofPayment.length === 0) throw new Problem("not_found");
  return found({ object: "list", data: ofPayment.map(eventView), next_cursor: null });
}

/** The book is the caller's own, and the schema's number is the consumers'. */
function eventView({ id, type, sequence, created_at, data }: PublishedEvent) {
  return { id, object: "event", type, sequence, created_at, data };
}
