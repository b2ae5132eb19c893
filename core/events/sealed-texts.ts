import { createCipheriv, createDecipheriv, createHash } from "node:crypto";
import { z } from "zod";
import type { Payment } from "../payments/payment.ts";
import type { EventId } from "./event-id.ts";

/**
 * What people wrote on a payment, and its events tell. It may name anybody, so events carry it under the payment's own
 * key: whoever takes the key away makes all of them forget, wherever they are kept (ADR 57).
 */
const texts = z.strictObject({
  reference: z.string().nullable(),
  description: z.string().nullable(),
  metadata: z.record(z.string(), z.string()),
});
export type Texts = z.output<typeof texts>;

/** How an event shows them while they are sealed, and for ever after its payment was redacted. */
export const noTexts: Texts = { reference: null, description: null, metadata: {} };

const algorithm = "aes-256-gcm";
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

type Written = Pick<Payment, "reference" | "description" | "metadata">;

const isWritten = ({ reference, description, metadata }: Written): boolean =>
  reference !== undefined || description !== undefined || Object.keys(metadata).length > 0;

/** A key for a payment on which somebody wrote: 256 bits, base64url. Nothing to hide needs none, and stores none. */
export const textKeyFor = (
  payment: Written,
  random: (bytes: number) => Uint8Array,
): { readonly textKey?: string } =>
  isWritten(payment) ? { textKey: Buffer.from(random(keyBytes)).toString("base64url") } : {};

/**
 * Seals a payment's texts for one of its events: the same event is sealed the same whenever the relay makes it.
 * A nonce that follows from the event's id is safe here: a key is one payment's, an id one version's, and texts never
 * change, so that no nonce ever meets two texts under one key. The names of metadata are sorted, for a table gives them in
 * an order of its own.
 * @returns base64url of ciphertext and tag. Bound to the event: under another id it does not open.
 */
export function sealTexts(payment: Written, textKey: string, id: EventId): string {
  const { reference = null, description = null, metadata } = payment;
  const sorted = Object.fromEntries(Object.entries(metadata).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const cipher = createCipheriv(algorithm, Buffer.from(textKey, "base64url"), nonceOf(id));
  cipher.setAAD(Buffer.from(id));
  const text = JSON.stringify({ reference, description, metadata: sorted } satisfies Texts);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]).toString("base64url");
}

/** @returns undefined for what was sealed under another key, or for another event, or was changed since. */
export function openTexts(sealed: string, textKey: string, id: EventId): Texts | undefined {
  const bytes = Buffer.from(sealed, "base64url");
  const key = Buffer.from(textKey, "base64url");
  if (bytes.length <= tagBytes || key.length !== keyBytes) return undefined;
  const decipher = createDecipheriv(algorithm, key, nonceOf(id), { authTagLength: tagBytes });
  decipher.setAAD(Buffer.from(id)).setAuthTag(bytes.subarray(-tagBytes));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]);
    return texts.parse(JSON.parse(text.toString()));
  } catch {
    return undefined;
  }
}

const nonceOf = (id: EventId): Buffer => createHash("sha256").update(id).digest().subarray(0, nonceBytes);
