import { authorizationOf, capturedOf, type Payment } from "./payment.ts";

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
