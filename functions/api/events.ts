import { z } from "zod";
import { createDynamoDb } from "#adapters/dynamodb/client.ts";
import { EventStore } from "#adapters/dynamodb/event-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { TextKeys } from "#adapters/dynamodb/redactions.ts";
import { disputeEventTypes } from "#core/events/dispute-event.ts";
import { parseEventId } from "#core/events/event-id.ts";
import { opened, paymentEventTypes } from "#core/events/payment-event.ts";
import { isOfDispute, type MerchantEvent } from "#core/events/streamed.ts";
import type { Book } from "#core/ledger/account.ts";
import { parsePaymentId } from "#core/payments/ids.ts";
import { requiredVariable } from "#functions/environment.ts";
import { writerEpoch } from "#functions/epoch.ts";
import { type Answer, found } from "./http/answer.ts";
import { cursorOf, positionOf } from "./http/cursor.ts";
import { apiHandler } from "./http/handler.ts";
import { Problem } from "./http/problem.ts";
import { limit, readQuery } from "./http/query.ts";
import { type ApiRequest, requireMerchant } from "./http/request.ts";

const dynamoDb = createDynamoDb();
const events = new EventStore(dynamoDb, requiredVariable("EVENTS_TABLE"));
const textKeys = new TextKeys(dynamoDb, requiredVariable("PAYMENTS_TABLE"));
const payments = new PaymentStore(dynamoDb, { payments: requiredVariable("PAYMENTS_TABLE") }, writerEpoch());

/** What happened to a merchant's payments and disputes, for thirty days. */
export const handler = apiHandler({
  "/v1/events": { GET: listEvents },
  "/v1/events/:id": { GET: showEvent },
  "/v1/payments/:id/events": { GET: listEventsOfPayment },
});

const pageQuery = z.strictObject({ limit, cursor: z.string().max(200).optional() });
const listQuery = pageQuery.extend({
  type: z
    .enum([...paymentEventTypes, ...disputeEventTypes], { error: "There are no events of this type" })
    .optional(),
});

/** Newest first. Of one type, a page may be short, and `next_cursor` still goes on. */
async function listEvents(request: ApiRequest): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.read", "payments.write");
  const query = readQuery(request, listQuery);
  const scope = `events of ${merchant}`;
  const page = await events.list(merchant, {
    limit: query.limit,
    ...(query.type === undefined ? {} : { type: query.type }),
    ...(query.cursor === undefined ? {} : { before: positionOf(scope, query.cursor) }),
  });
  return listed(merchant, page.events, page.next === undefined ? null : cursorOf(scope, page.next));
}

async function showEvent(request: ApiRequest): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.read", "payments.write");
  const id = parseEventId(request.parameters["id"] ?? "");
  const event = id === undefined ? undefined : await events.get(merchant, id);
  if (event === undefined) throw new Problem("not_found");
  const [shown] = await eventViews(merchant, [event]);
  return found({ ...shown });
}

/** In the order of their sequence, the first first. */
async function listEventsOfPayment(request: ApiRequest): Promise<Answer> {
  const merchant = requireMerchant(request, "payments.read", "payments.write");
  const id = parsePaymentId(request.parameters["id"] ?? "");
  if (id === undefined) throw new Problem("not_found");
  const query = readQuery(request, pageQuery);
  const scope = `events of ${merchant} ${id}`;
  const page = await events.ofPayment(merchant, id, {
    limit: query.limit,
    ...(query.cursor === undefined ? {} : { after: Number(positionOf(scope, query.cursor)) }),
  });
  // A payment of this moment has no events yet, and one of last year has none any more: it is there all the same.
  if (page.events.length === 0 && !(await payments.exists(merchant, id))) throw new Problem("not_found");
  return listed(merchant, page.events, page.next === undefined ? null : cursorOf(scope, String(page.next)));
}

const listed = async (
  merchant: Book,
  events: readonly MerchantEvent[],
  nextCursor: string | null,
): Promise<Answer> =>
  found({ object: "list", data: await eventViews(merchant, events), next_cursor: nextCursor });

/**
 * What people wrote is sealed in events, and opened by the keys of their payments: one read more, where there is a seal.
 * The book is the caller's own, and the schema's number is the consumers'.
 */
async function eventViews(merchant: Book, events: readonly MerchantEvent[]) {
  const sealed = events.filter((event) => "sealed" in event).map(({ data }) => data.id);
  const keys = sealed.length === 0 ? undefined : await textKeys.of(merchant, sealed);
  return events.map((event) => {
    const { id, type, sequence, created_at } = event;
    const data = isOfDispute(event) ? event.data : opened(event, keys?.get(event.data.id));
    return { id, object: "event", type, sequence, created_at, data };
  });
}
