/**
 * What the authorizer found out about a caller. It never refuses by itself: the gateway's own 401 and 403 cannot be
 * shaped, so the verdict travels in the authorizer's context and the handler answers with the right problem.
 * Context values are strings, as the gateway passes them on.
 */
export type Verdict =
  | {
      readonly verdict: "accepted";
      readonly client_id: string;
      readonly scope: string;
      readonly merchant: string;
    }
  | {
      readonly verdict: "accepted";
      readonly client_id: string;
      readonly scope: string;
      readonly operator: string;
    }
  | { readonly verdict: RefusedVerdict };

/** `unavailable`: the issuer's keys or the clients' table could not be read, so nothing is known of the token. */
export type RefusedVerdict =
  | "token_missing"
  | "token_invalid"
  | "token_expired"
  | "client_unknown"
  | "unavailable";

/** What an access token may be good for: the scopes of the resource server `tallystick`. */
export type Scope =
  | "payments.read"
  | "payments.write"
  | "card_tokens.write"
  | "ledger.read"
  | "ledger.write"
  | "ops.read"
  | "ops.write";

/** Cognito's spelling of a custom scope. */
export const scopePrefix = "tallystick/";
