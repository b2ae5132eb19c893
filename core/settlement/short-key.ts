/*
 * References in messages of ISO 20022 have 35 characters at most (Max35Text), and keys of operations have 40. What settles is
 * a capture or a refund of a payment: its key without `pay_`, and a letter for the word, has 33 at most, and is the key again.
 */

const letters = { capture: "c", refund: "r" } as const;
const lengthMax = 35;
const key = /^pay_([0-9a-z]{26}):(capture|refund):([1-9]\d{0,4})$/;
const short = /^([0-9a-z]{26}):([cr]):([1-9]\d{0,4})$/;

/**
 * An operation's key as a statement of camt says it: `…:c:1` for `pay_…:capture:1`.
 * @returns what is no key of ours as it is; undefined where that has more than 35 characters
 */
export function shortKeyOf(operationKey: string): string | undefined {
  const [, payment, operation, n] = key.exec(operationKey) ?? [];
  if (payment !== undefined) return `${payment}:${letters[operation as keyof typeof letters]}:${n}`;
  return operationKey.length <= lengthMax ? operationKey : undefined;
}

/** The key that a statement means; what is no short one is the key itself, as an acquirer says it that does not shorten. */
export function keyOfShort(said: string): string {
  const [, payment, letter, n] = short.exec(said) ?? [];
  if (payment === undefined) return said;
  return `pay_${payment}:${letter === "c" ? "capture" : "refund"}:${n}`;
}
