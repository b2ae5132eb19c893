/** One thing wrong with the request, at a JSON pointer into its body (RFC 6901), or at a named header or parameter. */
export interface FieldError {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly code: string;
  readonly detail: string;
}

const differs = [409, "This id stands for something else already"] as const;

/** Every answer that is not a success, by its stable code. The one table: `statusCode` and `title` never vary. */
const catalogue = {
  malformed_json: [400, "The body is not JSON that this API reads"],
  malformed_header: [400, "A header is malformed"],
  malformed_query: [400, "A query parameter is malformed"],
  idempotency_key_missing: [400, "This request needs an Idempotency-Key header"],
  idempotency_key_malformed: [400, "The Idempotency-Key header is malformed"],
  signature_invalid: [401, "The signature does not prove who sent this"],
  token_missing: [401, "This request needs a bearer token"],
  token_invalid: [401, "The bearer token is not valid here"],
  token_expired: [401, "The bearer token has expired"],
  edge_bypassed: [403, "This API is reached by its public name only"],
  client_unknown: [403, "No merchant and no operator holds this client"],
  scope_missing: [403, "The token lacks a scope that this request needs"],
  not_for_operators: [403, "Only a merchant's client can do this"],
  operators_only: [403, "Only an operator's client can do this"],
  not_found: [404, "There is nothing here"],
  method_not_allowed: [405, "This resource does not have that method"],
  not_acceptable: [406, "This API answers in JSON only"],
  idempotency_in_flight: [409, "A request with this Idempotency-Key is being processed"],
  wrong_state: [409, "The payment does not take this as it stands"],
  operation_in_progress: [409, "The payment is being worked on"],
  authorization_expired: [409, "The authorization has expired"],
  too_many_refunds: [409, "The payment has had as many refunds as it can have"],
  dispute_wrong_state: [409, "The dispute does not take this as it stands"],
  evidence_exists: [409, "The dispute has its evidence already"],
  evidence_overdue: [409, "The time for evidence is over"],
  legal_hold: [409, "The payment must be kept as it is: a legal hold stands"],
  already_held: [409, "A legal hold stands on it already"],
  not_held: [409, "No legal hold stands on it"],
  too_many_holds: [409, "Legal holds were placed on it as often as they may be"],
  outcome_not_possible: [409, "It cannot come to that from where it stands"],
  too_many_words: [409, "Operators have said as much of it as they may"],
  account_closed: [409, "The account is closed"],
  account_frozen: [409, "The account is frozen"],
  account_not_empty: [409, "The account still holds money, or waits for some"],
  below_min_available: [422, "The account would have less available than it must"],
  above_max_balance: [422, "The account would hold more than it may"],
  batch_refused: [409, "None of the batch was recorded"],
  not_a_hold: [409, "The entry is not a hold"],
  hold_already_posted: [409, "The hold was posted"],
  hold_already_voided: [409, "The hold was voided"],
  hold_already_expired: [409, "The hold has expired"],
  hold_expired: [409, "The hold has expired"],
  entry_not_posted: [409, "What was never posted cannot be undone"],
  entry_is_a_correction: [409, "A correction cannot be undone"],
  entry_of_a_payment: [409, "The entries of payments are theirs alone"],
  exists_with_different_state: differs,
  exists_with_different_legs: differs,
  exists_with_different_effective_at: differs,
  exists_with_different_expires_at: differs,
  exists_with_different_reverses: differs,
  exists_with_different_metadata: differs,
  exists_with_different_name: differs,
  exists_with_different_currency: differs,
  exists_with_different_normal_side: differs,
  exists_with_different_min_available: differs,
  exists_with_different_max_balance: differs,
  merchant_exists: [409, "Another merchant has this id"],
  clients_exhausted: [409, "There are as many OAuth clients as there can be"],
  contact_exists: [409, "There is a contact with this address already"],
  too_many_contacts: [409, "The merchant has as many contacts as it can have"],
  subscriptions_exhausted: [409, "There are as many contacts as there can be"],
  precondition_failed: [412, "It has moved on since that version"],
  not_replayable: [409, "This dead letter cannot be replayed"],
  replay_failed: [409, "It failed again, and stays open"],
  unsupported_media_type: [415, "The body must be application/json, not encoded"],
  invalid_request: [422, "The request breaks a rule of the API"],
  posting_refused: [422, "The accounts do not take this entry"],
  idempotency_key_reused: [422, "This Idempotency-Key was used for a different request"],
  precondition_missing: [428, "This request needs an If-Match header"],
  internal_error: [500, "Something broke on our side"],
  unavailable: [503, "A part of the system does not answer"],
} as const satisfies Record<string, readonly [statusCode: number, title: string]>;

export type ProblemCode = keyof typeof catalogue;

export interface ProblemDetails {
  readonly detail?: string;
  readonly errors?: readonly FieldError[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal on its way to the caller as `application/problem+json` (RFC 9457). Thrown before anything was done. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  constructor(code: ProblemCode, details: ProblemDetails = {}) {
    super(details.detail ?? catalogue[code][1]);
    this.code = code;
    this.details = details;
  }

  get statusCode(): number {
    return catalogue[this.code][0];
  }

  toBody(requestId: string): string {
    const [status, title] = catalogue[this.code];
    const { detail, errors } = this.details;
    return JSON.stringify({
      type: "about:blank",
      title,
      status,
      code: this.code,
      detail,
      errors,
      request_id: requestId,
    });
  }
}

const retryAfterSeconds = 1;

/**
 * Something that the answer depends on did not answer. Nothing is partial: every write is one call. Only a merchant's client
 * takes two, and half of them speaks for nobody (ADR 27); and a contact, half of which is told nothing (ADR 53).
 */
export const unavailable = (): Problem =>
  new Problem("unavailable", {
    detail: "Send the same request again, with the same Idempotency-Key.",
    headers: { "retry-after": String(retryAfterSeconds) },
  });

/** A rule that one field of the body breaks. */
export const invalidField = (pointer: string, code: string, detail: string): Problem =>
  new Problem("invalid_request", { errors: [{ pointer, code, detail }] });
