/** Why an issuer or acquirer refused, in our own closed vocabulary. Unlisted acquirer codes become `do_not_honor`. */
export type DeclineCode =
  | "do_not_honor"
  | "insufficient_funds"
  | "lost_card"
  | "stolen_card"
  | "expired_card"
  | "incorrect_cvc"
  | "processing_error"
  | "authentication_required"
  | "currency_not_supported"
  | "operation_refused";

/** What the merchant should do next. */
export type DeclineAdvice = "do_not_retry" | "retry_later" | "use_another_method" | "authenticate";

/**
 * What we ourselves may do: `stop`, ask the same acquirer again later, `cascade` to the other acquirer
 * (it refused by its own rules, not the issuer's), or `step_up` (3DS).
 */
export type DeclineHandling = "stop" | "retry_later" | "cascade" | "step_up";

interface DeclineRule {
  readonly advice: DeclineAdvice;
  readonly handling: DeclineHandling;
}

/** The one table from decline code to what follows. */
export const declineRules: Readonly<Record<DeclineCode, DeclineRule>> = {
  do_not_honor: { advice: "use_another_method", handling: "stop" },
  insufficient_funds: { advice: "use_another_method", handling: "stop" },
  lost_card: { advice: "do_not_retry", handling: "stop" },
  stolen_card: { advice: "do_not_retry", handling: "stop" },
  expired_card: { advice: "use_another_method", handling: "stop" },
  incorrect_cvc: { advice: "use_another_method", handling: "stop" },
  processing_error: { advice: "retry_later", handling: "retry_later" },
  authentication_required: { advice: "authenticate", handling: "step_up" },
  currency_not_supported: { advice: "use_another_method", handling: "cascade" },
  operation_refused: { advice: "do_not_retry", handling: "stop" },
};

export const isDeclineCode = (code: string): code is DeclineCode => Object.hasOwn(declineRules, code);
