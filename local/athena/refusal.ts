/** A query that Athena would fail, or that cannot be answered here as Athena would answer it. */
export class QueryFailed extends Error {
  override readonly name = "QueryFailed";

  /** @param code as Trino names it: `COLUMN_NOT_FOUND`. */
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
  }
}

/** What Athena knows and this does not: it says so, for an answer that is almost Athena's is worse than none. */
export const notHere = (what: string): QueryFailed =>
  new QueryFailed(
    "NOT_SUPPORTED",
    `${what}. What the local Athena knows is in local/athena/functions.ts and docs/local-cloud.md`,
  );
