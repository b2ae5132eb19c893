import { isSameOperation } from "./operation.ts";
import { isSameWord } from "./operator-word.ts";
import { authorizationOf, capturedOf, type Payment, refundedOf } from "./payment.ts";
import { isHeld, type Refund } from "./refund.ts";

/**
 * Whether a stored payment is what a repeated insert was about to write: the same request at the same moment.
 * A second request under the same key comes later, because the first one's idempotency record holds it off.
 */
export const sameCreation = (stored: Payment, intended: Payment): boolean =>
  stored.version === intended.version &&
  stored.createdAt === intended.createdAt &&
  stored.fingerprint === intended.fingerprint &&
  // Two requests of one moment made a key each, and what the first one's sealed must stay readable.
  stored.textKey === intended.textKey;

/**
 * Whether a stored payment is what a retried step was about to write: same version, same state, same authorization,
 * same operation, same money. Times and reasons may differ: the first try wrote its own, and what it wrote stands.
 */
export function sameTransition(stored: Payment, intended: Payment): boolean {
  return (
    stored.version === intended.version &&
    stored.state === intended.state &&
    authorizationOf(stored)?.acquirer === authorizationOf(intended)?.acquirer &&
    authorizationOf(stored)?.reference === authorizationOf(intended)?.reference &&
    isSameOperation(stored.pendingOperation, intended.pendingOperation) &&
    capturedOf(stored) === capturedOf(intended) &&
    refundedOf(stored) === refundedOf(intended) &&
    (stored.redactedAt === undefined) === (intended.redactedAt === undefined) &&
    isSameSaid(stored, intended)
  );
}

/** Whether a stored refund is what a retried step was about to write. */
export const sameRefundTransition = (stored: Refund, intended: Refund): boolean =>
  stored.version === intended.version &&
  stored.state === intended.state &&
  isHeld(stored) === isHeld(intended) &&
  stored.reason === intended.reason &&
  isSameSaid(stored, intended);

/** Two operators may say two things of one version; whichever was written first stands. */
function isSameSaid(
  stored: Pick<Payment | Refund, "words">,
  intended: Pick<Payment | Refund, "words">,
): boolean {
  const [one, other] = [stored.words?.at(-1), intended.words?.at(-1)];
  if (one === undefined || other === undefined) return one === other;
  return stored.words?.length === intended.words?.length && isSameWord(one, other) && one.end === other.end;
}
