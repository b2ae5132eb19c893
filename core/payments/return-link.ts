import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";
import type { Payment } from "./payment.ts";

/** Whom a customer who comes back was paying, and what for. */
export type Returning = Pick<Payment, "book" | "id">;

/** 128 bits: nobody guesses one, and the link stays short. */
const macBytes = 16;

/** Proves that we gave this link to an acquirer. It ends with the payment's wait, and not before: a customer may reload. */
export const returnSignature = (of: Returning, key: KeyObject): string =>
  macOf(of, key).toString("base64url");

export function isReturnSignature(signature: string, of: Returning, key: KeyObject): boolean {
  const given = Buffer.from(signature, "base64url");
  // Equal lengths, or the comparison in constant time throws.
  return given.length === macBytes && timingSafeEqual(given, macOf(of, key));
}

/** Where the acquirer's page sends the customer, below the API's own address. */
export const returnPath = ({ book, id }: Returning, signature: string): string =>
  `/v1/payments/${id}/return?${new URLSearchParams({ merchant: book, signature })}`;

const macOf = ({ book, id }: Returning, key: KeyObject): Buffer =>
  createHmac("sha256", key).update(`${book}\n${id}`).digest().subarray(0, macBytes);

/** The merchant's own page, told which payment its customer comes from. The rest of its query stays as it was written. */
export function returnPage(returnUrl: string, { id }: Returning): string {
  const url = new URL(returnUrl);
  url.search = `${url.search === "" ? "?" : `${url.search}&`}payment=${id}`;
  return url.href;
}
