import type { AcquirerOperation } from "../acquiring/outcome.ts";
import type { Brand } from "../kernel/brand.ts";
import { derivedId, idTail } from "../kernel/derived-id.ts";
import type { Book } from "../ledger/account.ts";
import type { EntryId } from "../ledger/entry.ts";

/** `pay_` and 26 characters of Crockford base32. */
export type PaymentId = Brand<string, "PaymentId">;

const idPattern = new RegExp(`^pay_${idTail}$`);

/** @returns undefined when the text cannot be the id of a payment. */
export const parsePaymentId = (text: string): PaymentId | undefined =>
  idPattern.test(text) ? (text as PaymentId) : undefined;

/** The same request is the same payment for ever: long after the idempotency record has expired. */
export const paymentIdOf = (request: {
  readonly book: Book;
  readonly route: string;
  readonly idempotencyKey: string;
}): PaymentId => `pay_${derivedId([request.book, request.route, request.idempotencyKey])}` as PaymentId;

/** Our key at an acquirer, the same on every retry: `pay_…:authorize:1`. */
export const operationKey = (payment: PaymentId, operation: AcquirerOperation, attempt = 1): string =>
  `${payment}:${operation}:${attempt}`;

/** `je_<payment>.<kind>.<n>`. */
export const sagaEntryId = (payment: PaymentId, kind: "authorize" | "capture", n = 1): EntryId =>
  `je_${payment}.${kind}.${n}` as EntryId;
