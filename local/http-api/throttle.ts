/** A token bucket, as API Gateway throttles a route: it refills evenly and holds a burst at most. */
export class TokenBucket {
  readonly #ratePerSecond: number;
  readonly #burst: number;
  #tokens: number;
  #refilledMs: number;

  /** `burst`: requests at once. `nowMs`: epoch milliseconds. */
  constructor(ratePerSecond: number, burst: number, nowMs: number) {
    this.#ratePerSecond = ratePerSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#refilledMs = nowMs;
  }

  /** @returns false when the request is one too many. */
  take(nowMs: number): boolean {
    // A clock that is set back refills nothing, and takes nothing away.
    const elapsedMs = Math.max(0, nowMs - this.#refilledMs);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs / 1_000) * this.#ratePerSecond);
    this.#refilledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
