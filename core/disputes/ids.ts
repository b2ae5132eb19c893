import type { Brand } from "../kernel/brand.ts";
import { derivedId, idTail } from "../kernel/derived-id.ts";
import type { EntryId } from "../ledger/entry.ts";
import type { PaymentId } from "../payments/ids.ts";

/** `dsp_` and 26 characters of Crockford base32. */
export type DisputeId = Brand<string, "DisputeId">;

const prefix = "dsp_";
const disputePattern = new RegExp(`^${prefix}${idTail}$`);

/** @returns undefined when the text cannot be the id of a dispute. */
export const parseDisputeId = (text: string): DisputeId | undefined =>
  disputePattern.test(text) ? (text as DisputeId) : undefined;

/**
 * The same dispute of the same acquirer is the same here for ever, whoever tells of it first.
 * @param reference the acquirer's own id of it
 */
export const disputeIdOf = (acquirer: string, reference: string): DisputeId =>
  `${prefix}${derivedId([acquirer, reference])}` as DisputeId;

const tailOf = (dispute: DisputeId): string => dispute.slice(prefix.length);

/**
 * - `chargeback`: what the acquirer took back when the dispute was opened.
 * - `chargeback_won`: what it returned when the dispute was won.
 */
export type DisputeEntryKind = "chargeback" | "chargeback_won";

/**
 * `je_<payment>.<kind>.<tail of the dispute's id>`. Not counted as refunds are: a count would have to be kept somewhere, and
 * two regions would count alike. And the books can tell from it which line of a settlement file it is (ADR 63).
 */
export const disputeEntryId = (payment: PaymentId, kind: DisputeEntryKind, dispute: DisputeId): EntryId =>
  `je_${payment}.${kind}.${tailOf(dispute)}` as EntryId;

const entryPattern = new RegExp(`^je_(pay_${idTail})\\.(chargeback|chargeback_won)\\.(${idTail})$`);

/** What an entry's id says where it is one of a dispute; undefined for every other. */
export function disputeEntryIn(id: string):
  | {
      readonly payment: PaymentId;
      readonly kind: DisputeEntryKind;
      readonly dispute: DisputeId;
    }
  | undefined {
  const [, payment, kind, tail] = entryPattern.exec(id) ?? [];
  if (payment === undefined || kind === undefined || tail === undefined) return undefined;
  return {
    payment: payment as PaymentId,
    kind: kind as DisputeEntryKind,
    dispute: `${prefix}${tail}` as DisputeId,
  };
}

/** Our key of the evidence at the acquirer: there is one piece for each dispute. */
export const evidenceKeyOf = (payment: PaymentId, dispute: DisputeId): string =>
  `${payment}:dispute:${tailOf(dispute)}`;
