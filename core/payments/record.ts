import type { DeclineCode } from "../acquiring/declines.ts";
import { absurd } from "../kernel/invariant.ts";
import type { Book } from "../ledger/account.ts";
import type { Currency } from "../money/currency.ts";
import { money } from "../money/money.ts";
import type { PaymentId, RefundId } from "./ids.ts";
import { type OperationRecord, operationFrom, operationRecord } from "./operation-record.ts";
import {
  type Authorization,
  authorizationOf,
  type CardMethod,
  type Payment,
  type PaymentMethod,
  type Review,
  type Standing,
} from "./payment.ts";
import type { PaymentState } from "./states.ts";
import { paymentWordFrom, type WordRecord, wordRecord } from "./word-record.ts";

/**
 * A payment as plain JSON: what the table stores and the saga passes on. Amounts are integers of at most 10^15,
 * which a JSON number carries exactly; times are epoch milliseconds.
 */
export interface PaymentRecord {
  readonly id: string;
  readonly book: string;
  readonly amount: number;
  readonly currency: string;
  readonly capture: "automatic" | "manual";
  readonly method: MethodRecord;
  readonly fees: { readonly basis_points: number; readonly fixed: number; readonly dispute?: number };
  readonly fingerprint: string;
  readonly reference?: string;
  readonly description?: string;
  readonly return_url?: string;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly text_key?: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly version: number;
  readonly pending_operation?: OperationRecord;
  readonly refunds?: readonly string[];
  readonly words?: readonly WordRecord[];
  readonly redacted_at?: number;
  readonly state: PaymentState;
  readonly authorization?: AuthorizationRecord;
  readonly captured?: number;
  readonly refunded?: number;
  readonly released?: number;
  readonly acquirer?: string;
  readonly acquirer_reference?: string;
  readonly redirect_url?: string;
  readonly decline?: string;
  readonly failure?: string;
  readonly cancellation?: string;
  readonly review?: ReviewRecord;
}

type MethodRecord = CardMethod | { readonly type: "account"; readonly account: string };

export interface ReviewRecord {
  readonly operation: string;
  readonly acquirer?: string;
  readonly reason: string;
}

export interface AuthorizationRecord {
  readonly acquirer: string;
  readonly reference: string;
  readonly expires_at: number;
}

export function toRecord(payment: Payment): PaymentRecord {
  return {
    id: payment.id,
    book: payment.book,
    amount: Number(payment.total.amount),
    currency: payment.total.currency,
    capture: payment.capture,
    method: payment.method,
    fees: {
      basis_points: payment.fees.basisPoints,
      fixed: Number(payment.fees.fixed),
      ...(payment.fees.dispute === undefined ? {} : { dispute: Number(payment.fees.dispute) }),
    },
    fingerprint: payment.fingerprint,
    ...(payment.reference === undefined ? {} : { reference: payment.reference }),
    ...(payment.description === undefined ? {} : { description: payment.description }),
    ...(payment.returnUrl === undefined ? {} : { return_url: payment.returnUrl }),
    // An empty map would cost bytes in every item and say nothing.
    ...(Object.keys(payment.metadata).length === 0 ? {} : { metadata: payment.metadata }),
    ...(payment.textKey === undefined ? {} : { text_key: payment.textKey }),
    created_at: payment.createdAt,
    updated_at: payment.updatedAt,
    version: payment.version,
    ...(payment.pendingOperation === undefined
      ? {}
      : { pending_operation: operationRecord(payment.pendingOperation) }),
    ...(payment.refunds === undefined ? {} : { refunds: payment.refunds }),
    ...(payment.words === undefined ? {} : { words: payment.words.map(wordRecord) }),
    ...(payment.redactedAt === undefined ? {} : { redacted_at: payment.redactedAt }),
    ...standingRecord(payment),
  };
}

/** Reads what `toRecord` wrote. It trusts its input: the table and the saga's contract hold nothing else. */
export function fromRecord(record: PaymentRecord): Payment {
  return {
    id: record.id as PaymentId,
    book: record.book as Book,
    total: money(BigInt(record.amount), record.currency as Currency),
    capture: record.capture,
    method: record.method as PaymentMethod,
    fees: {
      basisPoints: record.fees.basis_points,
      fixed: BigInt(record.fees.fixed),
      ...(record.fees.dispute === undefined ? {} : { dispute: BigInt(record.fees.dispute) }),
    },
    fingerprint: record.fingerprint,
    ...(record.reference === undefined ? {} : { reference: record.reference }),
    ...(record.description === undefined ? {} : { description: record.description }),
    ...(record.return_url === undefined ? {} : { returnUrl: record.return_url }),
    metadata: record.metadata ?? {},
    ...(record.text_key === undefined ? {} : { textKey: record.text_key }),
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    version: record.version,
    ...(record.pending_operation === undefined
      ? {}
      : { pendingOperation: operationFrom(record.pending_operation) }),
    ...(record.refunds === undefined ? {} : { refunds: record.refunds as readonly RefundId[] }),
    ...(record.words === undefined ? {} : { words: record.words.map(paymentWordFrom) }),
    ...(record.redacted_at === undefined ? {} : { redactedAt: record.redacted_at }),
    ...standingOf(record),
  };
}

export const authorizationRecord = (authorization: Authorization): AuthorizationRecord => ({
  acquirer: authorization.acquirer,
  reference: authorization.reference,
  expires_at: authorization.expiresAt,
});

export const authorizationFrom = (record: AuthorizationRecord): Authorization => ({
  acquirer: record.acquirer,
  reference: record.reference,
  expiresAt: record.expires_at,
});

function standingRecord(payment: Payment) {
  const authorization = authorizationOf(payment);
  const held = authorization === undefined ? {} : { authorization: authorizationRecord(authorization) };
  switch (payment.state) {
    case "processing":
      return { state: payment.state };
    case "requires_action":
      return {
        state: payment.state,
        acquirer: payment.acquirer,
        acquirer_reference: payment.acquirerReference,
        ...(payment.redirectUrl === undefined ? {} : { redirect_url: payment.redirectUrl }),
      };
    case "authorized":
      return { state: payment.state, ...held };
    case "expired":
      return { state: payment.state, ...held, ...waitedAt(payment) };
    case "captured":
    case "settled":
      return {
        state: payment.state,
        ...held,
        captured: Number(payment.captured),
        refunded: Number(payment.refunded),
        ...(payment.state === "settled" && { released: Number(payment.released) }),
      };
    case "declined":
      return { state: payment.state, acquirer: payment.acquirer, decline: payment.decline };
    case "failed":
      return { state: payment.state, ...held, failure: payment.failure };
    case "canceled":
      return { state: payment.state, ...held, ...waitedAt(payment), cancellation: payment.cancellation };
    case "in_review":
      return { state: payment.state, ...held, review: payment.review };
    default:
      return absurd(payment);
  }
}

function standingOf(record: PaymentRecord): Standing {
  const { state } = record;
  const held =
    record.authorization === undefined ? {} : { authorization: authorizationFrom(record.authorization) };
  switch (state) {
    case "processing":
      return { state };
    case "requires_action":
      return {
        state,
        acquirer: present(record, "acquirer"),
        acquirerReference: present(record, "acquirer_reference"),
        ...(record.redirect_url === undefined ? {} : { redirectUrl: record.redirect_url }),
      };
    case "authorized":
      return { state, authorization: authorizationFrom(present(record, "authorization")) };
    case "settled":
      return {
        ...{ state, authorization: authorizationFrom(present(record, "authorization")) },
        captured: BigInt(present(record, "captured")),
        refunded: BigInt(present(record, "refunded")),
        released: BigInt(present(record, "released")),
      };
    case "captured":
      return {
        state,
        ...(record.method.type === "card"
          ? { authorization: authorizationFrom(present(record, "authorization")) }
          : {}),
        captured: BigInt(present(record, "captured")),
        refunded: BigInt(present(record, "refunded")),
      };
    case "declined":
      return {
        state,
        acquirer: present(record, "acquirer"),
        decline: present(record, "decline") as DeclineCode,
      };
    case "failed":
      return { state, ...held, failure: present(record, "failure") };
    case "canceled":
      return { state, ...held, ...waitedAt(record), cancellation: present(record, "cancellation") };
    case "expired":
      return { state, ...held, ...waitedAt(record) };
    case "in_review":
      return { state, ...held, review: present(record, "review") as Review };
    default:
      return absurd(state);
  }
}

/** Of what ended while a customer was to act. */
const waitedAt = ({ acquirer }: { readonly acquirer?: string }) =>
  acquirer === undefined ? {} : { acquirer };

function present<Field extends keyof PaymentRecord>(
  record: PaymentRecord,
  field: Field,
): NonNullable<PaymentRecord[Field]> {
  const value = record[field];
  if (value === undefined)
    throw new InvalidRecord(`payment ${record.id} is ${record.state} but has no ${field}`);
  return value as NonNullable<PaymentRecord[Field]>;
}

/** A stored payment lacks what its state promises. */
class InvalidRecord extends Error {
  override readonly name = "InvalidRecord";
}
