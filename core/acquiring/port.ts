import type { AcquirerOutcome } from "./outcome.ts";
import type { RouteRequest } from "./routing.ts";

/** A card as the vault hands it out, for one authorization. It must never be logged, stored or put in an error. */
export interface Card {
  readonly number: string;
  readonly expMonth: number;
  readonly expYear: number;
  readonly holderName?: string;
}

interface OperationRequest {
  /** Our idempotency key at the acquirer, derived from the payment: `pay_…:authorize:1`. */
  readonly key: string;
  /** Minor units of `currency`. */
  readonly amount: bigint;
  readonly currency: string;
  /** Epoch milliseconds: when this moment passes without an answer, the outcome is `unknown`. */
  readonly deadline: number;
}

export interface AuthorizeRequest extends OperationRequest {
  readonly card: Card;
  /** The merchant as the acquirer knows it. */
  readonly merchant: string;
}

/** Capture or void of an authorization that this acquirer approved under `reference`. */
export interface FollowUpRequest extends OperationRequest {
  readonly reference: string;
}

/** One acquirer. Never throws for what the network or the acquirer does: every end is an outcome. */
export interface Acquirer {
  readonly name: string;
  authorize(request: AuthorizeRequest): Promise<AcquirerOutcome>;
  capture(request: FollowUpRequest): Promise<AcquirerOutcome>;
  void(request: FollowUpRequest): Promise<AcquirerOutcome>;
}

/** The acquirers of a stage, and which of them to ask. */
export interface Acquirers {
  /** Names, first choice first. Empty when none takes the currency, or all that do are unwell. */
  route(request: RouteRequest): readonly string[];
  /** @throws InvariantViolation for a name that the settings do not list. */
  named(name: string): Acquirer;
}
