import { z } from "zod";

import type { Book } from "#core/ledger/account.ts";
import type { EntryId, Hold, Leg } from "#core/ledger/entry.ts";
import { sameLegs, sameMetadata } from "#core/ledger/replay.ts";
import { alreadyResolved, expireHold, type Resolution, voidHold } from "#core/ledger/resolution.ts";
import {
  correctionOf,
  isUserEntry,
  type PostWith,
  postUserHold,
  type UserEntryId,
} from "#core/ledger/user-entry.ts";
import { type Answer, answer, found } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { amount, metadata } from "../http/fields.ts";
import { Problem, unavailable } from "../http/problem.ts";
import { type ApiRequest, requireMerchant } from "../http/request.ts";
import { fingerprintOf, idempotencyKeyOf } from "../idempotency.ts";
import { type EntryPorts, entryOf, legs, recordedBy } from "./entry.ts";
import { problemOfHold, problemOfPosting } from "./refusals.ts";
import { entryView, type StandingEntry } from "./views.ts";

const postBody = z
  .strictObject({ amount: amount.optional(), legs: legs.optional() })
  .refine(({ amount: some, legs: parts }) => some === undefined || parts === undefined, {
    params: { code: "not_allowed" },
    path: ["amount"],
    error: "Send an amount or legs, not both",
  });
const voidBody = z.strictObject({});
const reverseBody = z.strictObject({ metadata: metadata.optional() });

type OwnHold = Hold & { readonly id: UserEntryId };

/** The ends of a merchant's holds, and the corrections of its entries. Each happens once, whoever asks how often. */
export function ledgerHolds({ ledger, journal, idempotency, now }: EntryPorts) {
  return { postHold, voidHolds, reverseEntry };

  /** Posts a hold, or some of it; the rest is released. */
  async function postHold(request: ApiRequest, remainingMs: () => number): Promise<Answer> {
    const book = requireMerchant(request, "ledger.write");
    const body = readBody(request, postBody);
    return act(book, request, remainingMs, "post", body, async (standing) => {
      const hold = holdOf(standing);
      const by = recordedBy(request, now());
      const { resolution } = standing;
      // As if it had been asked when the hold ended: a repetition is one for ever, and time changes no answer.
      const posted = postUserHold(hold, postWith(body), { ...by, at: resolution?.recordedAt ?? by.at });
      if (resolution !== undefined)
        return repeat(standing, posted.ok && isSamePost(resolution, posted.value));
      if (posted.ok) return end(hold, posted.value, (first) => isSamePost(first, posted.value));
      const lapsed = posted.error === "hold_expired" ? expireHold(hold, by.at, by.execution) : undefined;
      // What was set aside is free again from now on, though nothing has swept it yet.
      if (lapsed !== undefined) await ledger.resolve(lapsed);
      throw problemOfHold(posted.error, body.legs === undefined ? "/amount" : "/legs");
    });
  }

  /** Releases a hold whole. One whose time has passed has expired: its money is free all the same. */
  async function voidHolds(request: ApiRequest, remainingMs: () => number): Promise<Answer> {
    const book = requireMerchant(request, "ledger.write");
    return act(book, request, remainingMs, "void", readBody(request, voidBody), async (standing) => {
      const hold = holdOf(standing);
      const { at, execution } = recordedBy(request, now());
      if (standing.resolution !== undefined) return repeat(standing, isRelease(standing.resolution));
      return end(hold, expireHold(hold, at, execution) ?? voidHold(hold, at, execution), isRelease);
    });
  }

  /** Records the opposite of what was posted, linked to it, once. */
  async function reverseEntry(request: ApiRequest, remainingMs: () => number): Promise<Answer> {
    const book = requireMerchant(request, "ledger.write");
    const body = readBody(request, reverseBody);
    return act(book, request, remainingMs, "reverse", body, async (standing) => {
      const { id, legs: posted } = postedOf(standing);
      const correction = correctionOf({ id, book, legs: posted }, body.metadata, recordedBy(request, now()));
      const recorded = await ledger.correct(correction);
      if (recorded.kind === "refused") throw problemOfPosting(recorded.refusal);
      const entry = await entryOf(journal, book, correction.id);
      const isNew = recorded.kind === "resolved";
      if (!isNew && !sameMetadata(entry.record.entry.metadata, correction.metadata))
        throw new Problem("exists_with_different_metadata");
      return answer(
        isNew ? 201 : 200,
        { ...entryView(entry, now()), result: isNew ? "created" : "exists" },
        { location: `/v1/ledger/entries/${correction.id}` },
      );
    });
  }

  async function act(
    book: Book,
    request: ApiRequest,
    remainingMs: () => number,
    action: "post" | "void" | "reverse",
    body: Readonly<Record<string, unknown>>,
    run: (standing: StandingEntry) => Promise<Answer>,
  ): Promise<Answer> {
    const key = idempotencyKeyOf(request);
    const id = (request.parameters["id"] ?? "") as EntryId;
    const standing = await entryOf(journal, book, id);
    if (!isUserEntry(id)) throw new Problem("entry_of_a_payment");
    const route = `POST /v1/ledger/entries/${id}/${action}`;
    const once = { book, route, key, fingerprint: fingerprintOf({ ...body, id }) };
    return idempotency.once(once, remainingMs, () => run(standing));
  }

  /** Ends a hold; or finds that another request did, at the same moment, and `isSame` that it was the same. */
  async function end(
    { book, id }: OwnHold,
    resolution: Resolution,
    isSame: (first: Resolution) => boolean,
  ): Promise<Answer> {
    const ending = await ledger.resolve(resolution);
    if (ending.kind === "refused") throw problemOfPosting(ending.refusal);
    const standing = await entryOf(journal, book, id);
    if (standing.resolution === undefined) throw unavailable();
    if (ending.kind === "taken") return repeat(standing, isSame(standing.resolution));
    return found({ ...entryView(standing, now()), result: "created" });
  }

  function repeat(standing: StandingEntry, isSame: boolean): Answer {
    if (isSame) return found({ ...entryView(standing, now()), result: "exists" });
    throw new Problem(standing.resolution === undefined ? "not_a_hold" : ended(standing.resolution));
  }
}

function holdOf({ record }: StandingEntry): OwnHold {
  const { entry } = record;
  if (record.type === "failure" || entry.state !== "pending" || !isUserEntry(entry.id))
    throw new Problem("not_a_hold");
  return { ...entry, id: entry.id, state: "pending" };
}

/** What can be undone of an entry: that it was posted, or what its hold was posted with. */
function postedOf({ record, resolution }: StandingEntry): {
  readonly id: UserEntryId;
  readonly legs: readonly Leg[];
} {
  const { entry } = record;
  if (!isUserEntry(entry.id)) throw new Problem("entry_of_a_payment");
  if (entry.reverses !== undefined) throw new Problem("entry_is_a_correction");
  if (record.type === "entry" && entry.state === "posted") return { id: entry.id, legs: entry.legs };
  if (resolution?.kind === "posted") return { id: entry.id, legs: resolution.entry.legs };
  throw new Problem("entry_not_posted");
}

function postWith({ amount: some, legs: parts }: z.output<typeof postBody>): PostWith {
  if (parts !== undefined) return { kind: "legs", legs: parts };
  return some === undefined ? { kind: "all" } : { kind: "amount", amount: some };
}

/** Whether a hold was posted with just what a later request asks for: then that is a repetition of the first. */
const isSamePost = (standing: Resolution, asked: Resolution): boolean =>
  standing.kind === "posted" && asked.kind === "posted" && sameLegs(standing.entry.legs, asked.entry.legs);

const isRelease = ({ kind }: Resolution): boolean => kind !== "posted";

function ended(resolution: Resolution) {
  const refusal = alreadyResolved(resolution.kind);
  switch (refusal) {
    case "hold_already_posted":
    case "hold_already_voided":
    case "hold_already_expired":
      return refusal;
    default:
      throw new Error(`${refusal} ends no hold`);
  }
}
