import { z } from "zod";
import { type DeclineCode, isDeclineCode } from "#core/acquiring/declines.ts";
import { acquirerOperations } from "#core/acquiring/outcome.ts";
import { mistakes } from "./mistakes.ts";

/*
 * All that an acquirer remembers, as it is written down. It says nothing about a card's number. Amounts are minor
 * units, moments are epoch milliseconds.
 */

const declineCode = z.custom<DeclineCode>((code) => typeof code === "string" && isDeclineCode(code));
const answer = z.enum(["sent", "withheld", "server_error"]);

const act = z.object({
  /**
   * `nothing`: the request is lost inside the acquirer, and leaves no trace. Pending: the customer has to act at the
   * acquirer's page, or it decides by itself a little later.
   */
  decides: z.union([
    z.enum(["approved", "nothing"]),
    z.object({ declined: declineCode }),
    z.object({ pending: z.enum(["customer", "later"]) }),
  ]),
  /** `withheld`: the connection stays open and silent. `server_error`: a 500 that says nothing about what was done. */
  answer,
  /** How long it thinks before it decides, in milliseconds. Until then an inquiry finds nothing. */
  thinksMs: z.number(),
});
/** What the acquirer decides, and what becomes of its answer. */
export type Act = Readonly<z.infer<typeof act>>;

const operation = z.object({
  key: z.string(),
  operation: z.enum(acquirerOperations),
  /** The authorization that it made or acted on; of a reversal of nothing, the reversal. */
  reference: z.string(),
  result: z.enum(["approved", "pending", "declined"]),
  declineCode: declineCode.exactOptional(),
  /** Approved authorizations only. */
  expiresAt: z.number().exactOptional(),
  /** The customer has to act at the acquirer's page. */
  needsCustomer: z.literal(true).exactOptional(),
});
/** What happened under one key. */
export type Operation = Readonly<z.infer<typeof operation>>;

const remembered = z.object({
  operation,
  /** Of the request, without the card. */
  digest: z.string(),
  answer,
});
export type Remembered = Readonly<z.infer<typeof remembered>>;

const authorization = z.object({
  /** The client's key of the operation that made it. */
  key: z.string(),
  state: z.enum(["pending", "declined", "open", "voided", "captured"]),
  merchant: z.string(),
  amount: z.number(),
  currency: z.string(),
  /** When an open one can no longer be captured; when a pending one is decided without the customer. */
  expiresAt: z.number(),
  /** What becomes of a pending one that nobody decided by then. */
  otherwise: z.enum(["approved", "declined"]).exactOptional(),
  returnUrl: z.string().exactOptional(),
  captured: z.number(),
  /** The client's key of the capture. */
  captureKey: z.string().exactOptional(),
  refunded: z.number(),
  /** Under dispute, or lost in one. */
  disputed: z.number(),
  /** What a capture, and each refund, of this card does. */
  capture: act,
  refund: act,
});
export type Authorization = Readonly<z.infer<typeof authorization>>;

/** A key that a reversal closed before its request arrived. */
const closure = z.object({ reversal: z.string() });

const notice = z.object({ type: z.string(), body: z.record(z.string(), z.unknown()) });
/** What is to be told to the client, until it has been. */
export type Notice = Readonly<z.infer<typeof notice>>;

const movement = z.object({
  /** A chargeback takes the money of a dispute when it opens; its reversal gives it back when the dispute is won. */
  kind: z.enum(["capture", "refund", "chargeback", "chargeback_reversal"]),
  /** The client's key of the operation; of a dispute, of the capture. */
  key: z.string(),
  reference: z.string(),
  dispute: z.string().exactOptional(),
  merchant: z.string(),
  amount: z.number(),
  currency: z.string(),
  /** What the acquirer takes for it. */
  cost: z.number(),
  at: z.number(),
  /** 1, 2, 3, … in the order in which they were written down. */
  ordinal: z.number(),
});
/** Money between the acquirer and the client. */
export type Movement = Readonly<z.infer<typeof movement>>;

const settlement = z.object({
  closedAt: z.number(),
  /** What was written down later belongs to a later one. */
  ordinalMax: z.number(),
  /** How many movements it holds: with fewer remembered, its files cannot be made again. */
  movements: z.number(),
  /** What its files get wrong. */
  mistakes: z.array(z.enum(mistakes)).exactOptional(),
  /** The client has its files, or they cannot be made any more. */
  done: z.literal(true).exactOptional(),
});
/** A day that was closed. */
export type Settlement = Readonly<z.infer<typeof settlement>>;

const dispute = z.object({
  /** The client's key of the capture. */
  key: z.string(),
  reference: z.string(),
  merchant: z.string(),
  amount: z.number(),
  currency: z.string(),
  reason: z.string(),
  outcome: z.enum(["won", "lost"]).exactOptional(),
  /** Keys under which evidence came. */
  evidence: z.array(z.string()),
  /** From then on it takes no evidence, and is lost without any. Of one that was opened before there were deadlines: never. */
  dueAt: z.number().exactOptional(),
  /** How it ends by itself, and when. */
  verdict: z.object({ outcome: z.enum(["won", "lost"]), at: z.number() }).exactOptional(),
});
export type Dispute = Readonly<z.infer<typeof dispute>>;

const schemas = { operation: remembered, authorization, closure, notice, movement, settlement, dispute };

export type Collection = keyof typeof schemas;
export type Records = { readonly [C in Collection]: Readonly<z.infer<(typeof schemas)[C]>> };

/** One record as it is from now on; null when it is forgotten. */
export type Entry = { [C in Collection]: readonly [C, id: string, record: Records[C] | null] }[Collection];

const entryOf = <C extends Collection>(collection: C) =>
  z.tuple([z.literal(collection), z.string(), schemas[collection].nullable()]);
const entry = z.union((Object.keys(schemas) as Collection[]).map(entryOf));

/** What changed at one moment: all of it is remembered, or nothing. */
export type Line = readonly Entry[];
export const line = z.array(entry) as unknown as z.ZodType<Line>;
