import { authorizationOf, capturedOf, type Payment } from "./payment.ts";

/**
 * Whether a stored payment is what a repeated insert was about to write: the same request at the same moment.
 * A second request under the same key comes later, because the first one's idempotency record holds it off.
 */
export const sameCreation = (stored: Payment, intended: Payment): boolean =>
  stored.version === intended.version &&
  stored.createdAt === intended.createdAt &&
  stored.fingerprint === intended.fingerprint;

/**
 * Whether a stored payment is what a retried step was about to write: same version, same state, same authorization,
 * same money. Times and reasons may differ: the first try wrote its own, and what it wrote stands.
 */
export function sameTransition(stored: Payment, intended: Payment): boolean {
  return (
    stored.version === intended.version &&
    stored.state === intended.state &&
    authorizationOf(stored)?.acquirer === authorizationOf(intended)?.acquirer &&
    authorizationOf(stored)?.reference === authorizationOf(intended)?.reference &&
    capturedOf(stored) === capturedOf(intended)
  );
}
