import type { AcquirerOperation } from "../acquiring/outcome.ts";
import type { Brand } from "../kernel/brand.ts";
import { derivedId, idTail } from "../kernel/derived-id.ts";
import type { Book } from "../ledger/account.ts";
import type { EntryId } from "../ledger/entry.ts";

/** `pay_` and 26 characters of Crockford base32. */
export type PaymentId = Brand<string, "PaymentId">;
/** `re_` and 26 characters of Crockford base32. */
export type RefundId = Brand<string, "RefundId">;

const paymentPattern = new RegExp(`^pay_${idTail}$`);
const refundPattern = new RegExp(`^re_${idTail}$`);

/** @returns undefined when the text cannot be the id of a payment. */
export const parsePaymentId = (text: string): PaymentId | undefined =>
  paymentPattern.test(text) ? (text as PaymentId) : undefined;

/** @returns undefined when the text cannot be the id of a refund. */
export const parseRefundId = (text: string): RefundId | undefined =>
  refundPattern.test(text) ? (text as RefundId) : undefined;

interface KeyedRequest {
  readonly book: Book;
  /** Of a refund, with the payment's id in it. */
  readonly route: string;
  readonly idempotencyKey: string;
}

/** The same request is the same payment for ever: long after the idempotency record has expired. */
export const paymentIdOf = (request: KeyedRequest): PaymentId => `pay_${idOf(request)}` as PaymentId;

/** The same request is the same refund for ever. */
export const refundIdOf = (request: KeyedRequest): RefundId => `re_${idOf(request)}` as RefundId;

const idOf = ({ book, route, idempotencyKey }: KeyedRequest): string =>
  derivedId([book, route, idempotencyKey]);

/**
 * Our key at an acquirer, the same on every retry: `pay_…:authorize:1`, `pay_…:refund:<n>` for the n-th refund. The
 * authorization is reversed under `pay_…:reversal:1`, the capture under `pay_…:reversal:2`, the n-th refund under
 * `pay_…:reversal:<n + 2>`.
 */
export const operationKey = (payment: PaymentId, operation: AcquirerOperation, n = 1): string =>
  `${payment}:${operation}:${n}`;

/** Under which what may still arrive of an operation is closed. */
export const reversalKey = (
  payment: PaymentId,
  operation: "authorize" | "capture" | "refund",
  n = 1,
): string => operationKey(payment, "reversal", { authorize: 0, capture: 1, refund: 2 }[operation] + n);

const operationKeyPattern = new RegExp(`^(pay_${idTail}):([a-z]+):([1-9][0-9]*)$`);

/** @returns the payment that an operation key names, undefined for what is no such key. */
export const paymentOfKey = (key: string): PaymentId | undefined =>
  operationKeyPattern.exec(key)?.[1] as PaymentId | undefined;

/**
 * - `authorize`: the hold of an authorization; `capture`: what it became.
 * - `settle`: what its settlement makes available.
 * - `transfer`: a payment from a wallet.
 * - `refund`: the hold of the n-th refund; `refunded`: what it became. A refund to a wallet is `refunded` at once.
 */
export type SagaEntryKind = "authorize" | "capture" | "settle" | "transfer" | "refund" | "refunded";

/** `je_<payment>.<kind>.<n>`. */
export const sagaEntryId = (payment: PaymentId, kind: SagaEntryKind, n = 1): EntryId =>
  `je_${payment}.${kind}.${n}` as EntryId;
