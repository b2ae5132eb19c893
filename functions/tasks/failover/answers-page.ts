import { DeleteItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import { reach } from "#adapters/dynamodb/client.ts";
import { entryKey, type Key, paymentKey, refundKey, resolutionKey } from "#adapters/dynamodb/keys.ts";
import { getByPlace, placeOf } from "#adapters/dynamodb/reads.ts";
import { type Cursor, scanSegment } from "#adapters/dynamodb/segment.ts";
import type { StoredItem } from "#adapters/dynamodb/stored.ts";
import type { Torn } from "#core/failover/arrived.ts";
import type { Book } from "#core/ledger/account.ts";
import type { EntryId } from "#core/ledger/entry.ts";
import { isUserEntry } from "#core/ledger/user-entry.ts";
import { parsePaymentId, parseRefundId } from "#core/payments/ids.ts";
import { answersKeptSeconds } from "#functions/kept-answers.ts";
import { inLanes } from "#functions/lanes.ts";
import type { PassInput } from "#workflows/failover/contract.ts";
import type { Keep, PageDone } from "./pass.ts";

export interface AnswerPorts {
  readonly client: DynamoDBClient;
  readonly tables: { readonly idempotency: string; readonly payments: string; readonly ledger: string };
}

const atOnce = 24;

interface KeptAnswer {
  readonly at: Key;
  readonly book: Book;
  readonly said: readonly Said[];
}

/** One thing that an answer says was made, and by which items that can be seen. */
interface Said {
  /** Id of a payment, a refund or an entry. */
  readonly subject: string;
  readonly table: "payments" | "ledger";
  readonly key: Key;
  /** Of a payment or a refund: at which version it was shown. */
  readonly version?: number | undefined;
  /** Of a hold that was shown with its end: what it became, and where that lies. */
  readonly end?: { readonly as: string; readonly key: Key };
}

/**
 * Takes away the answers to requests whose payment, refund or entry did not arrive, or not as far as they say. Else the
 * same request again would be told for two days of what is not there. Without the answer it is carried out again, under
 * the same id; an acquirer that has done it before answers the same, for its key is the same too.
 */
export async function takeAnswers(
  { client, tables }: AnswerPorts,
  where: PassInput,
  cursor: Cursor | undefined,
  keep: Keep,
): Promise<PageDone> {
  const since = Math.floor(where.since / 1_000) + answersKeptSeconds;
  const scan = {
    TableName: tables.idempotency,
    FilterExpression: "expires_at >= :since",
    ExpressionAttributeValues: { ":since": { N: String(since) } },
  };
  const { items, read, next } = await scanSegment(client, scan, where, cursor);
  const answers = items.map((item) => answerIn(unmarshall(item)));
  const said = answers.flatMap((answer) => answer.said);
  const keysIn = (table: Said["table"]): Key[] =>
    said
      .filter((each) => each.table === table)
      .flatMap(({ key, end }) => (end === undefined ? [key] : [key, end.key]));
  const there = {
    payments: await getByPlace(client, tables.payments, keysIn("payments")),
    ledger: await getByPlace(client, tables.ledger, keysIn("ledger")),
  };
  const untrue = answers
    .map(({ at, book, said: all }) => ({
      at,
      torn: all.flatMap((each) => lossOf(each, book, there[each.table])),
    }))
    .filter(({ torn }) => torn.length > 0);
  await inLanes(untrue, atOnce, async ({ at, torn }) => {
    // Once it is gone, nothing says any more that there was one.
    for (const each of torn) await keep(each);
    await reach(client.send(new DeleteItemCommand({ TableName: tables.idempotency, Key: marshall(at) })));
  });
  return { read, changed: untrue.length, next };
}

function lossOf(
  { subject, key, version, end }: Said,
  book: Book,
  there: ReadonlyMap<string, StoredItem>,
): Torn[] {
  const stored = there.get(placeOf(key));
  const lost = (what: string): Torn[] => [{ subject, what: `was answered to ${book} as ${what}` }];
  if (stored === undefined) return lost("made, and did not arrive: the same request again makes it");
  const arrived = Number(stored["version"]?.N);
  if (version !== undefined && arrived < version)
    return lost(
      `version ${version}, and arrived as version ${arrived}: the same request again goes on there`,
    );
  if (end !== undefined && !there.has(placeOf(end.key)))
    return lost(`${end.as}, and the end of its hold did not arrive: the same request again ends it`);
  return [];
}

/** What Powertools keeps under `data`, once the answer is complete. */
interface Answered {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json: string;
}

/** As the API shows what was made (core/payments/view.ts, functions/api/ledger-api/views.ts). */
interface Shown {
  readonly id?: string;
  readonly object?: string;
  readonly state?: string;
  readonly version?: number;
  readonly resolution?: object;
  /** Of a batch. */
  readonly entries?: readonly Shown[];
}

function answerIn(item: Readonly<Record<string, unknown>>): KeptAnswer {
  const at = { pk: String(item["pk"]), sk: String(item["sk"]) };
  const book = at.pk.slice(0, at.pk.indexOf("#")) as Book;
  const answered = item["data"] as Answered | undefined;
  // A refusal says that nothing was made, and a request in progress says nothing.
  if (answered === undefined || answered.statusCode < 200 || answered.statusCode > 299)
    return { at, book, said: [] };
  const shown = JSON.parse(answered.json) as Shown;
  const all = shown.object === "ledger_batch" ? (shown.entries ?? []) : [shown];
  // A refund's version is in its ETag alone.
  const tag = /^"(\d+)"$/.exec(answered.headers?.["etag"] ?? "")?.[1];
  return {
    at,
    book,
    said: all.flatMap((each) => saidOf(each, book, tag === undefined ? undefined : Number(tag))),
  };
}

function saidOf(
  { id: subject = "", object, state = "", version, resolution }: Shown,
  book: Book,
  tag?: number,
): Said[] {
  const [payment, refund] = [parsePaymentId(subject), parseRefundId(subject)];
  const seen = { subject, table: "payments", version: version ?? tag } as const;
  if (payment !== undefined) return [{ ...seen, key: paymentKey(book, payment) }];
  if (refund !== undefined) return [{ ...seen, key: refundKey(book, refund) }];
  const entry = subject as EntryId;
  if (object !== "ledger_entry" || !isUserEntry(entry)) return [];
  // A hold that time alone has ended is shown as expired too: only one with its resolution has an item for it.
  const end = resolution === undefined ? {} : { end: { as: state, key: resolutionKey(book, entry) } };
  return [{ subject, table: "ledger", key: entryKey(book, entry), ...end }];
}
