/** The key service did not give a key: it is down, throttled, or refuses us. Nothing was written; try again later. */
export class KeysUnavailable extends Error {
  override readonly name = "KeysUnavailable";
}
