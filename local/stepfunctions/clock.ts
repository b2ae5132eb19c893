/** Time as the engine knows it. A simulator gives virtual time; nothing else in the interpreter reads a clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
  /** Calls `fire` once after `delayMs` (≥ 0), never before it returns, unless the returned function is called first. */
  schedule(delayMs: number, fire: () => void): CancelTimer;
}

export type CancelTimer = () => void;

// Node fires a longer timer at once, and a Standard execution may wait for a year.
const timerMsMax = 2_147_483_647;

/** This machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  schedule(delayMs, fire) {
    let timer: NodeJS.Timeout;
    const arm = (leftMs: number): void => {
      timer =
        leftMs > timerMsMax
          ? setTimeout(() => arm(leftMs - timerMsMax), timerMsMax)
          : setTimeout(fire, leftMs);
    };
    arm(delayMs);
    return () => clearTimeout(timer);
  },
};
