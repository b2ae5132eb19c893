export interface Visit {
  /** Where the world finds the API, without a slash at the end. */
  readonly api: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * Comes in as a merchant does, and looks without touching: signs in, reads the payments (a table and its index) and the
 * balances (the ledger and its folds), and tries the door without a token.
 * @throws Error that says which step failed and how; never with a token or a body.
 */
export declare function checkApi(visit: Visit): Promise<void>;
