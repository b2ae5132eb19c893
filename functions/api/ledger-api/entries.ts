import { z } from "zod";
import type { AccountStore } from "#adapters/dynamodb/account-store.ts";
import type { EntryStore, StoredEntry } from "#adapters/dynamodb/entry-store.ts";
import { derivedId } from "#core/kernel/derived-id.ts";
import { type Book, parseUserAccountId, salesCurrency, type UserAccountId } from "#core/ledger/account.ts";
import {
  checkEntry,
  type EntryId,
  type Hold,
  type JournalEntry,
  type Leg,
  legsMax,
} from "#core/ledger/entry.ts";
import type { ResolutionRefusal } from "#core/ledger/errors.ts";
import { entryRecord } from "#core/ledger/journal.ts";
import { answerReplay } from "#core/ledger/replay.ts";
import { alreadyResolved, postHold, type Resolution, voidHold } from "#core/ledger/resolution.ts";
import type { Currency } from "#core/money/currency.ts";
import { type Answer, answer, found } from "../http/answer.ts";
import { readBody } from "../http/body.ts";
import { amount, metadata } from "../http/fields.ts";
import { invalidField, Problem } from "../http/problem.ts";
import { type ApiRequest, requireMerchant } from "../http/request.ts";
import { fingerprintOf, type Idempotency, idempotencyKeyOf } from "../idempotency.ts";
import { entryView } from "./views.ts";

export interface EntryPorts {
  readonly accounts: Pick<AccountStore, "getAll">;
  readonly entries: Pick<EntryStore, "post" | "resolve" | "get">;
  readonly idempotency: Pick<Idempotency, "once">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** A hold of a merchant stands for at most ninety days. */
const holdSecondsMax = 90 * 24 * 3_600;
/** The reversal's id is the original's with this behind it: a correction can be made once. A dot is in no id of a caller. */
const reversalSuffix = ".reversal";

const entryBody = z
  .strictObject({
    id: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,64}$/, "An id is 1 to 64 letters, digits, - and _")
      .optional(),
    state: z.enum(["posted", "pending"]),
    legs: z
      .array(z.strictObject({ account: z.string().max(100), side: z.enum(["debit", "credit"]), amount }))
      .max(legsMax, `An entry has at most ${legsMax} legs`),
    effective_at: z.iso.datetime({ offset: true }).optional(),
    expires_in_seconds: z.int().min(1).max(holdSecondsMax).optional(),
    metadata: metadata.default({}),
  })
  .refine(({ state, expires_in_seconds: seconds }) => state === "pending" || seconds === undefined, {
    path: ["expires_in_seconds"],
    params: { code: "not_allowed" },
    error: "Only a pending entry expires",
  });
type EntryBody = z.output<typeof entryBody>;

const postBody = z.strictObject({ amount: amount.optional() });
const nothingBody = z.strictObject({});

/** Entries over the merchant's own accounts. Nothing here can name another account: ids are parsed to be the merchant's. */
export function entryEndpoints(ports: EntryPorts) {
  const { entries, now } = ports;
  return { create, show, post, cancel, reverse };

  /** Posts an entry, or sets money aside. Its id is its own for ever, and so is a refusal by the books. */
  function create(request: ApiRequest, remainingMs: () => number): Promise<Answer> {
    const book = requireMerchant(request, "ledger.write");
    const key = idempotencyKeyOf(request);
    const body = readBody(request, entryBody);
    const route = "POST /v1/ledger/entries";
    return ports.idempotency.once(
      { book, route, key, fingerprint: fingerprintOf(body) },
      remainingMs,
      async () => {
        const at = now();
        const entry = await entryOf(ports, book, body, {
          id: (body.id ?? `je_${derivedId([book, route, key])}`) as EntryId,
          at,
          execution: request.id,
        });
        return writtenAnswer(body, entry, await entries.post(entry));
      },
    );
  }

  async function show(request: ApiRequest): Promise<Answer> {
    const book = requireMerchant(request, "ledger.read", "ledger.write");
    return found(entryView(await entryNamed(book, request)));
  }

  /** Posts a hold, or less of it; the rest is released. */
  function post(request: ApiRequest, remainingMs: () => number): Promise<Answer> {
    const body = readBody(request, postBody);
    return resolve(request, remainingMs, "post", body, (hold, at) => {
      const id = `${hold.id}.posted` as EntryId;
      const legs = body.amount === undefined ? hold.legs : legsOf(hold, body.amount);
      const posted = postHold(hold, { id, legs, at, execution: request.id });
      if (!posted.ok)
        throw posted.error === "exceeds_hold"
          ? exceedsHold()
          : new Problem("hold_ended", { detail: `${posted.error}.` });
      return posted.value;
    });
  }

  /** Releases a hold. */
  function cancel(request: ApiRequest, remainingMs: () => number): Promise<Answer> {
    const body = readBody(request, nothingBody);
    return resolve(request, remainingMs, "void", body, (hold, at) => voidHold(hold, at, request.id));
  }

  /** Undoes a posted entry by its opposite, once. */
  function reverse(request: ApiRequest, remainingMs: () => number): Promise<Answer> {
    const book = requireMerchant(request, "ledger.write");
    const key = idempotencyKeyOf(request);
    const body = readBody(request, nothingBody);
    const route = `POST /v1/ledger/entries/${request.parameters["id"]}/reverse`;
    return ports.idempotency.once(
      { book, route, key, fingerprint: fingerprintOf(body) },
      remainingMs,
      async () => {
        const original = await entryNamed(book, request);
        const legs = postedLegs(original);
        if (legs === undefined) throw new Problem("not_reversible");
        const at = now();
        const { id } = original.opened.entry;
        const entry: JournalEntry = {
          id: `${id}${reversalSuffix}` as EntryId,
          book,
          state: "posted",
          legs: legs.map((leg): Leg => ({ ...leg, side: leg.side === "debit" ? "credit" : "debit" })),
          effectiveAt: at,
          recordedAt: at,
          execution: request.id,
          reverses: id,
        };
        const written = await entries.post(entry);
        if (written.kind === "refused") throw refusedBy(written.refusal);
        return written.kind === "written"
          ? answer(201, { ...entryView({ opened: entryRecord(entry) }), result: "created" })
          : found({ ...entryView(written.by), result: "exists" });
      },
    );
  }

  function resolve(
    request: ApiRequest,
    remainingMs: () => number,
    operation: "post" | "void",
    body: Readonly<Record<string, unknown>>,
    resolutionOf: (hold: Hold, at: number) => Resolution,
  ): Promise<Answer> {
    const book = requireMerchant(request, "ledger.write");
    const key = idempotencyKeyOf(request);
    const route = `POST /v1/ledger/entries/${request.parameters["id"]}/${operation}`;
    return ports.idempotency.once(
      { book, route, key, fingerprint: fingerprintOf(body) },
      remainingMs,
      async () => {
        const stored = await entryNamed(book, request);
        const hold = holdIn(stored);
        const resolution = resolutionOf(hold, now());
        const written = await entries.resolve(resolution);
        if (written.kind === "refused") throw refusedBy(written.refusal);
        if (written.kind === "written")
          return found({ ...entryView({ ...stored, resolution }), result: "created" });
        return again(written.by, resolution);
      },
    );
  }

  async function entryNamed(book: Book, request: ApiRequest): Promise<StoredEntry> {
    const id = request.parameters["id"] ?? "";
    const stored = /^[A-Za-z0-9_.-]{1,100}$/.test(id) ? await entries.get(book, id as EntryId) : undefined;
    // What a saga wrote is the system's: a merchant reads it in statements, and cannot touch it.
    const isOwn = stored?.opened.entry.legs.every(({ account }) => parseUserAccountId(account) !== undefined);
    if (stored === undefined || isOwn !== true) throw new Problem("not_found");
    return stored;
  }
}

/** The entry that a body asks for: its legs' currencies are those of their accounts. @throws Problem 422. */
async function entryOf(
  { accounts }: Pick<EntryPorts, "accounts">,
  book: Book,
  body: EntryBody,
  { id, at, execution }: { readonly id: EntryId; readonly at: number; readonly execution: string },
): Promise<JournalEntry> {
  const named = body.legs.map(({ account }, index) => accountAt(account, index));
  const opened = await accounts.getAll(
    book,
    named.filter((account) => salesCurrency(account) === undefined),
  );
  const legs = body.legs.map(({ side, amount: minorUnits }, index): Leg => {
    const account = named[index] as UserAccountId;
    const currency = salesCurrency(account) ?? opened.get(account)?.currency;
    if (currency === undefined) throw noSuchAccount(index);
    return { account, side, amount: minorUnits, currency };
  });
  const { state, effective_at: effective, expires_in_seconds: seconds, metadata: words } = body;
  const entry: JournalEntry = {
    id,
    book,
    state,
    legs,
    effectiveAt: effective === undefined ? at : Date.parse(effective),
    recordedAt: at,
    ...(seconds === undefined ? {} : { expiresAt: at + seconds * 1_000 }),
    execution,
    ...(Object.keys(words).length === 0 ? {} : { metadata: words }),
  };
  const checked = checkEntry(entry);
  if (!checked.ok) throw invalidField("/legs", checked.error, `${malformed(legs, checked.error)}.`);
  return checked.value;
}

const accountAt = (text: string, index: number): UserAccountId => {
  const account = parseUserAccountId(text);
  if (account === undefined) throw noSuchAccount(index);
  return account;
};

const noSuchAccount = (index: number): Problem =>
  invalidField(`/legs/${index}/account`, "account_not_found", "There is no such account of yours.");

function malformed(legs: readonly Leg[], code: string): string {
  if (code !== "unbalanced") return code.replaceAll("_", " ");
  const currencies = new Set<Currency>(legs.map(({ currency }) => currency));
  return currencies.size > 1
    ? "Debits and credits differ in a currency: the accounts are in different ones"
    : "Debits and credits differ";
}

function writtenAnswer(
  body: EntryBody,
  entry: JournalEntry,
  written: Awaited<ReturnType<EntryStore["post"]>>,
): Answer {
  switch (written.kind) {
    case "written":
      return answer(
        201,
        { ...entryView({ opened: entryRecord(entry) }), result: "created" },
        { location: `/v1/ledger/entries/${entry.id}` },
      );
    case "refused":
      throw refusedBy(written.refusal);
    case "taken":
      return replayed(body, entry, written.by);
  }
}

/** The id is taken: by this very entry, or by another. What was left out of the request takes the stored entry's. */
function replayed(body: EntryBody, proposed: JournalEntry, by: StoredEntry): Answer {
  const { entry } = by.opened;
  const { effective_at: effective, expires_in_seconds: seconds } = body;
  const { expiresAt: _expiresAt, ...rest } = proposed;
  const compared: JournalEntry = {
    ...rest,
    effectiveAt: effective === undefined ? entry.effectiveAt : proposed.effectiveAt,
    ...(seconds === undefined ? {} : { expiresAt: entry.recordedAt + seconds * 1_000 }),
  };
  const replay = answerReplay(by.opened, compared);
  if (replay === "exists") return found({ ...entryView(by), result: "exists" });
  if (by.opened.type === "failure" && replay === by.opened.refusal) throw refusedBy(by.opened.refusal);
  throw new Problem("entry_exists", { detail: `${replay}.` });
}

const refusedBy = (refusal: string): Problem => new Problem("posting_refused", { detail: `${refusal}.` });
const exceedsHold = (): Problem =>
  invalidField("/amount", "exceeds_hold", "The amount is more than is held.");

/** One that has an end already is told so by the write, which knows a repetition from another end. */
function holdIn({ opened }: StoredEntry): Hold {
  const { entry } = opened;
  if (opened.type === "failure" || entry.state !== "pending") throw new Problem("not_a_hold");
  return { ...entry, state: "pending" };
}

/** A part of a hold has legs only where it is plain which: one account to another. */
function legsOf(hold: Hold, minorUnits: bigint): readonly Leg[] {
  if (hold.legs.length !== 2)
    throw invalidField("/amount", "not_allowed", "A hold of several legs is posted whole.");
  if (hold.legs.some(({ amount: held }) => held < minorUnits)) throw exceedsHold();
  return hold.legs.map((leg) => ({ ...leg, amount: minorUnits }));
}

/** The hold has an end: this very one, or another. */
function again(by: StoredEntry, asked: Resolution): Answer {
  const { resolution } = by;
  const refusal: ResolutionRefusal =
    resolution === undefined ? "hold_not_found" : alreadyResolved(resolution.kind);
  if (resolution === undefined || !isSameEnd(resolution, asked))
    throw new Problem("hold_ended", { detail: `${refusal}.` });
  return found({ ...entryView(by), result: "exists" });
}

function isSameEnd(one: Resolution, other: Resolution): boolean {
  if (one.kind !== "posted" || other.kind !== "posted") return one.kind === other.kind;
  const told = (legs: readonly Leg[]) =>
    legs
      .map(({ account, side, amount: of }) => `${account} ${side} ${of}`)
      .toSorted()
      .join();
  return told(one.entry.legs) === told(other.entry.legs);
}

/** What an entry came to: its own legs, or those that its hold was posted with; nothing for what holds or was released. */
function postedLegs({ opened, resolution }: StoredEntry): readonly Leg[] | undefined {
  if (opened.type === "failure") return undefined;
  if (opened.entry.state === "posted") return opened.entry.legs;
  return resolution?.kind === "posted" ? resolution.entry.legs : undefined;
}
