import { setTimeout as sleep } from "node:timers/promises";

const waitMsMax = 20_000;
const pollMs = 25;

/** Asks until there is an answer: for what happens behind the answer of a request. @throws Error after `withinMs`. */
export async function eventually<T>(ask: () => Promise<T | undefined>, withinMs = waitMsMax): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error("it never came");
    await sleep(pollMs);
  }
}
