/**
 * The table did not answer, or was throttled: nothing is known to have been written. Every write is conditional,
 * so the same input may be tried again. The state machines name it in Retry.
 */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable";
}

/** Other writers held the same items through every try. Nothing was written; the same input may be tried again. */
export class StoreContention extends Error {
  override readonly name = "StoreContention";
}
