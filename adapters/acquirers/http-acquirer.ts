import type {
  DisputeDesk,
  DisputeInquiry,
  DisputeInquiryRequest,
  EvidenceOutcome,
  EvidenceRequest,
} from "#core/acquiring/disputes.ts";
import type { AcquirerOutcome, Inquiry } from "#core/acquiring/outcome.ts";
import type {
  Acquirer,
  AuthorizeRequest,
  FollowUpRequest,
  InquireRequest,
  ReverseRequest,
} from "#core/acquiring/port.ts";
import { invariant } from "#core/kernel/invariant.ts";
import { inquiryOf, outcomeOf } from "./answer.ts";
import { Channel, type ChannelOptions } from "./channel.ts";
import { disputeInquiryOf, evidenceOutcomeOf } from "./dispute-answer.ts";

export interface HttpAcquirerOptions extends Omit<ChannelOptions, "baseUrl"> {
  readonly name: string;
  /** Base URL, https outside this machine. */
  readonly url: string;
  /** Sent as bearer token. */
  readonly apiKey: string;
}

/**
 * An acquirer behind the protocol of local/acquirers/README.md. It asks once and never again by itself: whether to
 * repeat, inquire or fail over is decided by who called. `answer.ts` says which end is which outcome.
 *
 * `not_attempted` speaks of this call alone: under a key that was sent before, the earlier call may have executed.
 */
export class HttpAcquirer implements Acquirer, DisputeDesk {
  readonly name: string;
  readonly #channel: Channel;
  readonly #authorization: string;

  constructor(options: HttpAcquirerOptions) {
    this.name = options.name;
    this.#channel = new Channel({ ...options, baseUrl: new URL(options.url) });
    this.#authorization = `Bearer ${options.apiKey}`;
  }

  /** @throws InvariantViolation when the key or the amount could not be sent at all. */
  async authorize(request: AuthorizeRequest): Promise<AcquirerOutcome> {
    const { card, merchant, amount, currency, returnUrl } = request;
    return this.#ask(request, "/v1/authorizations", {
      merchant,
      amount: wireAmount(amount),
      currency,
      // Field by field: a card does not show its number to a spread.
      card: {
        number: card.number,
        exp_month: card.expMonth,
        exp_year: card.expYear,
        holder_name: card.holderName,
      },
      return_url: returnUrl,
    });
  }

  /** @throws InvariantViolation when the key or the amount could not be sent at all. */
  async capture(request: FollowUpRequest): Promise<AcquirerOutcome> {
    return this.#ask(request, followUpPath(request, "captures"), { amount: wireAmount(request.amount) });
  }

  /** @throws InvariantViolation when the key could not be sent at all. */
  async void(request: FollowUpRequest): Promise<AcquirerOutcome> {
    return this.#ask(request, followUpPath(request, "voids"), {});
  }

  /** @throws InvariantViolation when the key or the amount could not be sent at all. */
  async refund(request: FollowUpRequest): Promise<AcquirerOutcome> {
    return this.#ask(request, followUpPath(request, "refunds"), { amount: wireAmount(request.amount) });
  }

  /** @throws InvariantViolation when a key could not be sent at all. */
  async reverse({ key, deadline, operationKey }: ReverseRequest): Promise<AcquirerOutcome> {
    checkKey(operationKey);
    return this.#ask({ key, deadline }, "/v1/reversals", { key_of_operation: operationKey });
  }

  /** @throws InvariantViolation when the key could not be sent at all. */
  async inquire({ key, deadline }: InquireRequest): Promise<Inquiry> {
    checkKey(key);
    const exchange = await this.#channel.get({
      path: `/v1/operations/${encodeURIComponent(key)}`,
      headers: { authorization: this.#authorization },
      deadline,
    });
    return inquiryOf(exchange, key);
  }

  /** @throws InvariantViolation when the key could not be sent at all. */
  async submitEvidence({
    key,
    reference,
    text,
    fields,
    deadline,
  }: EvidenceRequest): Promise<EvidenceOutcome> {
    checkKey(key);
    const exchange = await this.#channel.post({
      path: `/v1/disputes/${encodeURIComponent(reference)}/evidence`,
      headers: { authorization: this.#authorization, "idempotency-key": key },
      body: JSON.stringify({ text, fields }),
      deadline,
    });
    return evidenceOutcomeOf(exchange, { key, reference });
  }

  async inquireDispute({ reference, deadline }: DisputeInquiryRequest): Promise<DisputeInquiry> {
    const exchange = await this.#channel.get({
      path: `/v1/disputes/${encodeURIComponent(reference)}`,
      headers: { authorization: this.#authorization },
      deadline,
    });
    return disputeInquiryOf(exchange, reference);
  }

  /** Cuts every connection to the acquirer. */
  close(): void {
    this.#channel.close();
  }

  async #ask(
    request: { readonly key: string; readonly reference?: string; readonly deadline: number },
    path: string,
    body: object,
  ): Promise<AcquirerOutcome> {
    checkKey(request.key);
    const exchange = await this.#channel.post({
      path,
      headers: { authorization: this.#authorization, "idempotency-key": request.key },
      body: JSON.stringify(body),
      deadline: request.deadline,
    });
    return outcomeOf(exchange, request);
  }
}

function checkKey(key: string): void {
  invariant(/^[\x21-\x7e]{1,255}$/.test(key), "an operation's key is 1 to 255 printable characters");
}

const followUpPath = (request: FollowUpRequest, operation: "captures" | "voids" | "refunds"): string =>
  `/v1/authorizations/${encodeURIComponent(request.reference)}/${operation}`;

const wireAmountMax = 1_000_000_000_000_000n;

/** Minor units as a JSON number, which holds 10^15 exactly. */
function wireAmount(amount: bigint): number {
  invariant(amount >= 1n && amount <= wireAmountMax, "an amount is 1 to 10^15 minor units");
  return Number(amount);
}
