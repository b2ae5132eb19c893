/**
 * How far back a failover looks at most. The earliest `since` of an epoch is kept for good, so that a slip of the pen
 * (another year) would make each pass work through everything that was ever written.
 */
const lookBackDaysMax = 30;
const dayMs = 86_400_000;

/**
 * What is wrong with the time from which on what was written may have arrived in part only.
 * @param since epoch milliseconds
 * @param now when the failover starts, epoch milliseconds
 * @returns a sentence for whoever typed it; undefined when it can be used.
 */
export function sinceFlaw(since: number, now: number): string | undefined {
  if (since > now) return "since is in the future: it is when replication was last known to be whole";
  if (since < now - lookBackDaysMax * dayMs)
    return `since is more than ${lookBackDaysMax} days ago: is it the right year?`;
  return undefined;
}
