import { z } from "zod";
import { base32 } from "../kernel/base32.ts";
import type { Brand } from "../kernel/brand.ts";
import { derivedId, idTail } from "../kernel/derived-id.ts";

/** `evt_` and 26 characters that sort by the time of the change. */
export type EventId = Brand<string, "EventId">;

const eventIdPattern = new RegExp(`^evt_${idTail}$`);

/** As it stands in an event that is read. */
export const eventId = z
  .string()
  .regex(eventIdPattern)
  .transform((id) => id as EventId);

/** @returns undefined when the text cannot be the id of an event. */
export const parseEventId = (text: string): EventId | undefined =>
  eventIdPattern.test(text) ? (text as EventId) : undefined;

const timeBytes = 6;
const sequenceBytes = 2;
/** What tells two changes of one moment apart: 65 bits of it are left in the id. */
const digestLength = 13;

/**
 * The id of an event: the same whenever and however often the change is read. Ids sort by time, and those of one subject
 * and one millisecond by their sequence.
 * @param subject what changed: the id of a payment, or the place of a record in the journal
 * @param sequence 0 to 65,535: which of the subject's changes it is
 * @param at epoch milliseconds of the change
 */
export const fixedEventId = (subject: string, sequence: number, at: number): EventId =>
  `${headOf(sequence, at)}${derivedId([subject, String(sequence)]).slice(-digestLength)}` as EventId;

/** No id of a change at a moment (epoch milliseconds), or of a later one, sorts before this text; each of an earlier one does. */
export const eventIdsFrom = (at: number): string => headOf(0, at);

function headOf(sequence: number, at: number): string {
  const head = Buffer.alloc(timeBytes + sequenceBytes);
  head.writeUIntBE(at, 0, timeBytes);
  head.writeUInt16BE(sequence, timeBytes);
  return `evt_${base32(head)}`;
}
