import type { Movement } from "./records.ts";

/** What an acquirer gets wrong in a day's files when it is asked to, by the breaks that follow from it. */
export const mistakes = ["missing", "duplicate", "over", "under", "wrong_currency", "unexpected"] as const;
export type Mistake = (typeof mistakes)[number];

/** Of a payment that nobody made. */
const unknownKey = `pay_${"0".repeat(26)}:capture:1`;

const wrong: { readonly [Kind in Mistake]: (movement: Movement) => readonly Movement[] } = {
  missing: () => [],
  duplicate: (movement) => [movement, movement],
  over: (movement) => [{ ...movement, amount: movement.amount + 1 }],
  under: (movement) => [{ ...movement, amount: movement.amount - 1 }],
  wrong_currency: (movement) => [{ ...movement, currency: movement.currency === "EUR" ? "USD" : "EUR" }],
  unexpected: (movement) => [
    movement,
    { ...movement, key: unknownKey, reference: `${movement.reference}-unknown` },
  ],
};

/** The movements as the files tell them: the first capture with the first mistake, the second with the second. */
export function withMistakes(
  movements: readonly Movement[],
  wanted: readonly Mistake[],
): readonly Movement[] {
  const left = [...wanted];
  return movements.flatMap((movement) => {
    const mistake = movement.kind === "capture" && movement.amount > 1 ? left.shift() : undefined;
    return mistake === undefined ? [movement] : wrong[mistake](movement);
  });
}
