import { createHmac, timingSafeEqual } from "node:crypto";
import type { AcquirerOperation, KnownOutcome } from "./outcome.ts";

/** What an acquirer tells unasked. It may come twice, out of order, and before the answer that it speaks of. */
export type AcquirerNotification = OperationNotification | DisputeNotification;

interface Told {
  /** The acquirer's id of this notification, the same at each delivery. */
  readonly id: string;
  /** Epoch milliseconds, by the acquirer's clock. */
  readonly createdAt: number;
  /** Whose payment it is, as the acquirer was told. Absent for what it never saw. */
  readonly merchant?: string;
  /** Our key of the operation that it is about: of a dispute, the capture. */
  readonly key: string;
  /** The acquirer's own reference of the authorization. */
  readonly reference: string;
}

interface OperationNotification extends Told {
  readonly about: "operation";
  readonly operation: AcquirerOperation;
  readonly outcome: Exclude<KnownOutcome, { readonly kind: "pending" }>;
}

export interface DisputeNotification extends Told {
  readonly about: "dispute";
  readonly dispute: AcquirerDispute;
}

/** A customer denies a captured payment. */
export interface AcquirerDispute {
  /** The acquirer's own id. */
  readonly id: string;
  /** Minor units of `currency`: all that was captured, or a part. */
  readonly amount: bigint;
  readonly currency: string;
  /** In the acquirer's words. */
  readonly reason: string;
  /** `won`: the merchant keeps the money. */
  readonly state: "open" | "won" | "lost";
  /** Epoch milliseconds: from then on it takes no evidence. Absent where it does not say. */
  readonly evidenceDueAt?: number;
}

/** How far the moment in a signature may be from ours, either way: clocks differ, and an old notification is no news. */
export const signatureToleranceMs = 5 * 60_000;
/** While the acquirer changes its secret it signs with both. More is not a signature any more. */
const signaturesMax = 4;
const headerLengthMax = 512;

/**
 * - `authentic`: one of the secrets signed exactly these bytes, not long ago.
 * - `malformed`: this is no signature header.
 * - `untimely`: its moment is too far from now: replayed, or a clock is wrong.
 * - `forged`: no secret of ours signed this.
 */
export type SignatureVerdict = "authentic" | "malformed" | "untimely" | "forged";

export interface SignedNotification {
  /** The `Acquirer-Signature` header: `t=<Unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">`, `v1` once per secret. */
  readonly header: string | undefined;
  /** The body as it arrived, before anything parsed it. */
  readonly rawBody: string;
}

/** Whether an acquirer that shares one of the secrets sent this. `now` in epoch milliseconds. */
export function checkSignature(
  { header, rawBody }: SignedNotification,
  secrets: readonly string[],
  now: number,
): SignatureVerdict {
  const signature = parseSignature(header ?? "");
  if (signature === undefined) return "malformed";
  if (Math.abs(now - signature.seconds * 1_000) > signatureToleranceMs) return "untimely";
  const isOurs = secrets.some((secret) => {
    const expected = macOf(secret, signature.seconds, rawBody);
    return signature.macs.some((mac) => timingSafeEqual(mac, expected));
  });
  return isOurs ? "authentic" : "forged";
}

/** The header of a notification that is sent now. `now` in epoch milliseconds. */
export function signatureHeader(rawBody: string, secrets: readonly string[], now: number): string {
  const seconds = Math.floor(now / 1_000);
  const macs = secrets.map((secret) => `v1=${macOf(secret, seconds, rawBody).toString("hex")}`);
  return [`t=${seconds}`, ...macs].join(",");
}

const macOf = (secret: string, seconds: number, rawBody: string): Buffer =>
  createHmac("sha256", secret).update(`${seconds}.${rawBody}`).digest();

interface Signature {
  readonly seconds: number;
  readonly macs: readonly Buffer[];
}

/** Names that are not known here are passed over: a later scheme may stand beside this one. */
function parseSignature(header: string): Signature | undefined {
  if (header.length > headerLengthMax) return undefined;
  const parts = header.split(",").map((part) => part.trim());
  const values = (name: string): string[] =>
    parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
  const [seconds, second] = values("t");
  if (seconds === undefined || second !== undefined || !/^[0-9]{1,12}$/.test(seconds)) return undefined;
  const macs = values("v1");
  if (macs.length < 1 || macs.length > signaturesMax) return undefined;
  // Equal lengths, or the comparison in constant time throws.
  if (!macs.every((mac) => /^[0-9a-f]{64}$/.test(mac))) return undefined;
  return { seconds: Number(seconds), macs: macs.map((mac) => Buffer.from(mac, "hex")) };
}
