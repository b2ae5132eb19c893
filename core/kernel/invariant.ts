/** A rule that the code itself guarantees was broken. Nobody catches it: the operation stops where it stands. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}

/** Asserts what must hold. `what` says it in the domain's words: it is read at three in the morning. */
export function invariant(holds: boolean, what: string): asserts holds {
  if (!holds) throw new InvariantViolation(what);
}

/** Closes an exhaustive switch: a new variant that nobody handles does not compile. */
export function absurd(unreachable: never): never {
  throw new InvariantViolation(`unhandled variant ${JSON.stringify(unreachable)}`);
}
