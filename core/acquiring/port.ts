import type { AcquirerOutcome, Inquiry } from "./outcome.ts";
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
  /** Where the acquirer's page sends a customer who had to act there (3DS): http or https, and ours. */
  readonly returnUrl?: string;
}

/** Capture, void or refund of an authorization that this acquirer approved under `reference`. */
export interface FollowUpRequest extends OperationRequest {
  readonly reference: string;
}

/** Undoing what may or may not have happened: the acquirer never told its reference, so our own key names it. */
export interface ReverseRequest extends OperationRequest {
  /** The key of the uncertain operation; `key` is the reversal's own. */
  readonly operationKey: string;
}

export interface InquireRequest {
  /** The key of the operation that is asked about. */
  readonly key: string;
  /** Epoch milliseconds: when this moment passes without an answer, the acquirer is `unavailable`. */
  readonly deadline: number;
}

/** One acquirer. Never throws for what the network or the acquirer does: every end is an outcome. */
export interface Acquirer {
  readonly name: string;
  authorize(request: AuthorizeRequest): Promise<AcquirerOutcome>;
  capture(request: FollowUpRequest): Promise<AcquirerOutcome>;
  void(request: FollowUpRequest): Promise<AcquirerOutcome>;
  /** Gives back a part, or all, of what was captured. Any number of times, each under a key of its own. */
  refund(request: FollowUpRequest): Promise<AcquirerOutcome>;
  /**
   * `approved` means: whatever `operationKey` names holds no money, and never will, though its request may still be
   * on its way. `declined`: it was executed, and cannot be undone like this (a capture, say). Inquire, and accept it.
   */
  reverse(request: ReverseRequest): Promise<AcquirerOutcome>;
  inquire(request: InquireRequest): Promise<Inquiry>;
}

/** The acquirers of a stage, and which of them to ask. */
export interface Acquirers {
  /** Names, first choice first. Empty when none takes the currency, or all that do are unwell. */
  route(request: RouteRequest): readonly string[];
  /** All of the stage, whatever they take now, well or not: any of them may have been asked. */
  readonly names: readonly string[];
  /** @throws InvariantViolation for a name that the settings do not list. */
  named(name: string): Acquirer;
}
