import { DeleteItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { reach } from "#adapters/dynamodb/client.ts";
import { entryKey, type Key, paymentKey, refundKey } from "#adapters/dynamodb/keys.ts";
import { batchGetMax, getItems } from "#adapters/dynamodb/reads.ts";
import { type Cursor, scanSegment } from "#adapters/dynamodb/segment.ts";
import type { Book } from "#core/ledger/account.ts";
import { parseUserEntryId } from "#core/ledger/user-entry.ts";
import { parsePaymentId, parseRefundId } from "#core/payments/ids.ts";
import { inLanes } from "#functions/lanes.ts";
import type { PassInput } from "#workflows/failover/contract.ts";
import type { PageDone } from "./pass.ts";

export interface AnswerPorts {
  readonly client: DynamoDBClient;
  readonly tables: { readonly idempotency: string; readonly payments: string; readonly ledger: string };
}

/** As functions/api/idempotency.ts keeps them: seconds from the request to `expires_at`. */
const keptSeconds = 48 * 3_600;
const atOnce = 24;

interface Answered {
  readonly at: Key;
  readonly book: Book;
  /** What the answer says was made. */
  readonly made: string;
  readonly table: "payments" | "ledger";
  readonly key: Key;
}

/**
 * Takes away the answers to requests whose payment, refund or entry did not arrive. Else the same request again would be
 * told for two days of what is not there. Without the answer it is carried out again, under the same id; an acquirer
 * that has done it before answers the same, for its key is the same too.
 */
export async function takeAnswers(
  { client, tables }: AnswerPorts,
  where: PassInput,
  cursor: Cursor | undefined,
): Promise<PageDone> {
  const scan = {
    TableName: tables.idempotency,
    FilterExpression: "expires_at >= :since",
    ExpressionAttributeValues: { ":since": { N: String(Math.floor(where.since / 1_000) + keptSeconds) } },
  };
  const { items, read, next } = await scanSegment(client, scan, where, cursor);
  const answers = items.flatMap((item) => answeredIn(unmarshall(item)));
  const there = new Set<string>();
  for (const table of ["payments", "ledger"] as const) {
    const keys = [
      ...new Map(
        answers.filter((each) => each.table === table).map(({ key }) => [`${key.pk} ${key.sk}`, key]),
      ).values(),
    ];
    for (let from = 0; from < keys.length; from += batchGetMax)
      for (const item of await getItems(client, tables[table], keys.slice(from, from + batchGetMax), {
        consistent: true,
      }))
        there.add(`${item["pk"]?.S} ${item["sk"]?.S}`);
  }
  const lost = answers.filter(({ key }) => !there.has(`${key.pk} ${key.sk}`));
  await inLanes(lost, atOnce, async ({ at }) => {
    await reach(client.send(new DeleteItemCommand({ TableName: tables.idempotency, Key: marshall(at) })));
  });
  const torn = lost.map(({ book, made }) => ({
    subject: made,
    what: `was answered to ${book} as made, and did not arrive: the same request again makes it`,
  }));
  return { read, changed: lost.length, torn, next };
}

/** Powertools keeps answers under `data`, once they are complete. */
function answeredIn(item: Readonly<Record<string, unknown>>): Answered[] {
  const answer = item["data"] as { readonly statusCode?: number; readonly json?: string } | undefined;
  if (answer?.json === undefined || (answer.statusCode !== 201 && answer.statusCode !== 202)) return [];
  const { id, object } = JSON.parse(answer.json) as { readonly id?: string; readonly object?: string };
  const at = { pk: String(item["pk"]), sk: String(item["sk"]) };
  const book = at.pk.slice(0, at.pk.indexOf("#")) as Book;
  const made = id ?? "";
  const [payment, refund] = [parsePaymentId(made), parseRefundId(made)];
  if (payment !== undefined) return [{ at, book, made, table: "payments", key: paymentKey(book, payment) }];
  if (refund !== undefined) return [{ at, book, made, table: "payments", key: refundKey(book, refund) }];
  // What a hold became lies with its hold, and has no place of its own.
  const entry = object === "ledger_entry" ? parseUserEntryId(made) : undefined;
  return entry === undefined ? [] : [{ at, book, made, table: "ledger", key: entryKey(book, entry) }];
}
