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

/**
 * Another region has taken over, and has written what this process would write over: nothing was written, and nothing
 * this process tries again will be. It says nothing about the payment: where the other region is, the same request works.
 */
export class WriterFenced extends Error {
  override readonly name = "WriterFenced";
}

/**
 * Before a failover something else was posted under the id of what is to be posted now. Nothing was written: the journal
 * is right, and a person must see what became of its payment.
 */
export class JournalDiffers extends Error {
  override readonly name = "JournalDiffers";
}
