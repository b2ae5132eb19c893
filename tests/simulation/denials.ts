import type { Random } from "./random.ts";

/** What a merchant says of a dispute, and how often it sends that. */
export interface DisputeWord {
  readonly what: "evidence" | "accept";
  readonly body: object;
  /** Milliseconds from when it learned of it. */
  readonly saidInMs: readonly number[];
}

/** One dispute as it would go if nothing went wrong. All times in milliseconds. */
export interface Denial {
  /** From when the payment was captured: before it is settled, or after. */
  readonly openedInMs: number;
  /** Minor units; left out, it is all that is left. */
  readonly amount: number | undefined;
  readonly dueInMs: number;
  /** By whoever decides at the acquirer, from its opening on: nothing, where it ends by itself before. */
  readonly verdict: { readonly at: number; readonly outcome: "won" | "lost" };
  /** When each copy of a notice is sent. One that is sent never is in no list. */
  readonly openedToldInMs: readonly number[];
  readonly closedToldInMs: readonly number[];
  readonly words: readonly DisputeWord[];
}

const day = 24 * 3_600_000;
const openedSpansMs = [500, 500, 20_000, 3 * day] as const;
const dueSpansMs = [1_000, 8_000, 20_000, 60_000, 600_000, 5 * 3_600_000] as const;
const verdictSpansMs = [500, 3_000, 30_000, day] as const;
/** Whoever decides waits for the evidence, mostly. */
const patientShare = 0.65;
const copiesOf = { opened: [0, 1, 1, 1, 2, 3], closed: [0, 1, 1, 2] } as const;
const toldSpansMs = [5, 50, 200, 2_000, 15_000, 600_000] as const;
const wordSpansMs = [100, 2_000, 2_000, 8_000] as const;
const burstMsMax = 60;
const texts = ["winning_evidence", "winning_evidence", "losing_evidence", "signed for on 1 March"] as const;
const conducts = ["silent", "silent", "speaks", "speaks", "speaks", "accepts", "wavers", "repeats"] as const;

export function drawDenial(random: Random, captured: bigint): Denial {
  const dueInMs = random.pick(dueSpansMs);
  const told = (copies: readonly number[]): number[] =>
    Array.from({ length: random.pick(copies) }, () => random.between(0, random.pick(toldSpansMs)));
  const part = Math.max(1, Math.floor(Number(captured) / random.between(1, 3)));
  return {
    openedInMs: random.between(0, random.pick(openedSpansMs)),
    amount: random.chance(0.5) ? undefined : part,
    dueInMs,
    verdict: {
      at: random.between(0, random.pick(verdictSpansMs)) + (random.chance(patientShare) ? dueInMs : 0),
      outcome: random.pick(["won", "lost"]),
    },
    openedToldInMs: told(copiesOf.opened),
    closedToldInMs: told(copiesOf.closed),
    words: drawWords(random, dueInMs),
  };
}

function drawWords(random: Random, dueInMs: number): readonly DisputeWord[] {
  const said = (): number[] => {
    // In time, or a little late.
    const at = random.between(0, Math.min(random.pick(wordSpansMs), dueInMs + 500));
    const copies = random.chance(0.6) ? 1 : random.between(2, 3);
    return Array.from({ length: copies }, (_, n) => (n === 0 ? at : at + random.between(0, burstMsMax)));
  };
  const evidence = (): DisputeWord => ({
    what: "evidence",
    body: { text: random.pick(texts) },
    saidInMs: said(),
  });
  const accept = (): DisputeWord => ({ what: "accept", body: {}, saidInMs: said() });
  switch (random.pick(conducts)) {
    case "silent":
      return [];
    case "speaks":
      return [evidence()];
    case "accepts":
      return [accept()];
    case "wavers":
      return [evidence(), accept()];
    case "repeats":
      return [evidence(), evidence()];
  }
}

/** What a notice of an acquirer is about. */
export const disputeIn = (rawBody: string) =>
  JSON.parse(rawBody) as { readonly type: string; readonly dispute: { readonly id: string } };
