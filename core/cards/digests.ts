import { createHmac, type KeyObject } from "node:crypto";
import type { Card } from "../acquiring/port.ts";
import { idFrom } from "../kernel/derived-id.ts";

/*
 * Card numbers are few enough to try them all, so a plain hash of one hides nothing: both digests are keyed, with the
 * merchant's own key (PCI DSS 3.5.1.1). What each digests begins with its purpose, so that neither is ever the other.
 */

/** Recognises a card number among one merchant's: 130 bits. Two merchants cannot compare theirs. */
export const fingerprintOf = (card: Pick<Card, "number">, key: KeyObject): string =>
  digest(key, ["fingerprint", card.number]);

/** Recognises a repeated request. The cvc is left out: not even a digest of it may be kept (PCI DSS 3.3.1). */
export const requestDigestOf = (card: Card, key: KeyObject): string =>
  digest(key, ["request", card.number, card.expMonth, card.expYear, card.holderName ?? null]);

const digest = (key: KeyObject, parts: readonly (string | number | null)[]): string =>
  idFrom(createHmac("sha256", key).update(JSON.stringify(parts)).digest());
