import { setTimeout as sleep } from "node:timers/promises";

const waitMsMax = 20_000;
const pollMs = 25;

/** Asks until there is an answer: for what happens behind the answer of a request. @throws Error after 20 s. */
export async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + waitMsMax;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error("it never came");
    await sleep(pollMs);
  }
}
