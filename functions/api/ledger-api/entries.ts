import { z } from "zod";
import { transactionItemsMax } from "#adapters/dynamodb/user-ledger.ts";
import { derivedId } from "#core/kernel/derived-id.ts";
import type { Book } from "#core/ledger/account.ts";
import type { EntryId, JournalEntry } from "#core/ledger/entry.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import type { EntryRefusal, EntryResult } from "#core/ledger/user-batch.ts";
import { type ProposedEntry, parseUserEntryId, type UserEntryId } from "#core/ledger/user-entry.ts";
import { type Answer, answer, found } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { metadata, time } from "../http/fields.ts";
import type { Problem } from "../http/problem.ts";
import { type ApiRequest, requireMerchant } from "../http/request.ts";
import { fingerprintOf, idempotencyKeyOf } from "../idempotency.ts";
import { type EntryPorts, entryOf, legs, recordedBy } from "./entry.ts";
import { problemOfBatch, problemOfEntry } from "./refusals.ts";
import { entryView } from "./views.ts";

/** A hold may wait for as long as a card's authorization ever does, and then some. */
const expirySecondsMax = 366 * 86_400;
const batchEntriesMax = 25;
const entryId = z
  .string()
  .refine((id) => parseUserEntryId(id) !== undefined, {
    params: { code: "wrong_format" },
    error: "An entry's id is 1 to 64 letters, digits, underscores or dashes; je_pay_… is taken",
  })
  .transform((id) => id as UserEntryId);

const entryBody = z
  .strictObject({
    id: entryId.optional(),
    state: z.enum(["posted", "pending"]),
    legs,
    effective_at: time.optional(),
    expires_in_seconds: z.int().min(1).max(expirySecondsMax).optional(),
    metadata: metadata.optional(),
  })
  .refine(({ state, expires_in_seconds: expires }) => state === "pending" || expires === undefined, {
    path: ["expires_in_seconds"],
    params: { code: "not_allowed" },
    error: "What is posted does not expire",
  });

const batchBody = z.strictObject({
  entries: z
    .array(entryBody)
    .min(1)
    .max(batchEntriesMax)
    .refine((entries) => itemsOf(entries) <= transactionItemsMax, {
      params: { code: "too_big" },
      error: `A batch is one transaction of ${transactionItemsMax} items: one for each entry and leg, one for each account, one for each expiry`,
    })
    .refine((entries) => new Set(entries.map(({ id }) => id ?? Symbol())).size === entries.length, {
      params: { code: "id_repeated" },
      error: "Two entries of the batch have the same id",
    }),
});

type EntryBody = z.output<typeof entryBody>;

/** What a batch takes of a transaction: each entry and each posting, each account once, and when a hold is due. */
function itemsOf(entries: readonly Pick<EntryBody, "legs" | "expires_in_seconds">[]): number {
  const all = entries.flatMap((entry) => entry.legs);
  const expiring = entries.filter((entry) => entry.expires_in_seconds !== undefined);
  return entries.length + all.length + new Set(all.map((each) => each.account)).size + expiring.length;
}

/** Entries between a merchant's own accounts. */
export function ledgerEntries(ports: EntryPorts) {
  const { ledger, idempotency, now } = ports;
  return { postEntry, postBatch, showEntry };

  async function postEntry(request: ApiRequest, remainingMs: () => number): Promise<Answer> {
    const route = "POST /v1/ledger/entries";
    const book = requireMerchant(request, "ledger.write");
    const key = idempotencyKeyOf(request);
    const body = readBody(request, entryBody);
    const proposed = proposalOf(body, book, [route, key]);
    const once = { book, route, key, fingerprint: fingerprintOf(body) };
    return idempotency.once(once, remainingMs, async () => {
      const [result] = await ledger.post(book, [proposed], recordedBy(request, now()));
      return answerEntry(result, request, now());
    });
  }

  async function postBatch(request: ApiRequest, remainingMs: () => number): Promise<Answer> {
    const route = "POST /v1/ledger/batches";
    const book = requireMerchant(request, "ledger.write");
    const key = idempotencyKeyOf(request);
    const { entries } = readBody(request, batchBody);
    const proposals = entries.map((entry, index) => proposalOf(entry, book, [route, key, String(index)]));
    const once = { book, route, key, fingerprint: fingerprintOf({ entries }) };
    return idempotency.once(once, remainingMs, async () =>
      answerBatch(await ledger.post(book, proposals, recordedBy(request, now())), request, now()),
    );
  }

  async function showEntry(request: ApiRequest): Promise<Answer> {
    const book = requireMerchant(request, "ledger.read", "ledger.write");
    const entry = await entryOf(ports.journal, book, (request.parameters["id"] ?? "") as EntryId);
    return found(entryView(entry, now()));
  }
}

/** An entry's own id, or one that the same request always has. */
function proposalOf(body: EntryBody, book: Book, origin: readonly string[]): ProposedEntry {
  return {
    id: body.id ?? (`je_${derivedId([book, ...origin])}` as UserEntryId),
    state: body.state,
    legs: body.legs,
    ...(body.effective_at === undefined ? {} : { effectiveAt: body.effective_at }),
    ...(body.expires_in_seconds === undefined ? {} : { expiresInSeconds: body.expires_in_seconds }),
    ...(body.metadata === undefined ? {} : { metadata: body.metadata }),
  };
}

function answerEntry(result: EntryResult | undefined, request: ApiRequest, at: number): Answer {
  if (result === undefined || result.kind === "linked") throw new Error("an entry alone depends on no other");
  if (result.kind === "created" || result.kind === "exists") {
    const location = `/v1/ledger/entries/${result.entry.id}`;
    return answer(result.kind === "created" ? 201 : 200, resultView(result, at), { location });
  }
  return refusedAnswer(problemOfEntry(result), request, result.kind === "refused");
}

function answerBatch(results: readonly EntryResult[], request: ApiRequest, at: number): Answer {
  const recorded = results.flatMap((result) =>
    result.kind === "created" || result.kind === "exists" ? [result] : [],
  );
  if (recorded.length === results.length) {
    const isNew = recorded.some(({ kind }) => kind === "created");
    const view = { object: "ledger_batch", entries: recorded.map((result) => resultView(result, at)) };
    return answer(isNew ? 201 : 200, { ...view, result: isNew ? "created" : "exists" });
  }
  const refusals = results.map((result): EntryRefusal | undefined =>
    result.kind === "created" || result.kind === "exists" ? undefined : result,
  );
  const isKept = results.some(({ kind }) => kind === "refused");
  return refusedAnswer(problemOfBatch(refusals), request, isKept);
}

/** What was written down is the answer to this key for good; what was not is as if it had never been asked. */
function refusedAnswer(problem: Problem, { id }: ApiRequest, isKept: boolean): Answer {
  if (!isKept) throw problem;
  return {
    statusCode: problem.statusCode,
    headers: { "content-type": "application/problem+json" },
    json: problem.toBody(id),
  };
}

const resultView = (
  { kind, entry }: { readonly kind: string; readonly entry: JournalEntry },
  at: number,
) => ({
  ...entryView({ record: entryRecord(entry) }, at),
  result: kind,
});
