/**
 * A policy says something that this evaluator does not know. Passing over it would allow what AWS denies, or deny what
 * it allows, so nothing starts with it.
 */
export class UnsupportedPolicy extends Error {
  override readonly name = "UnsupportedPolicy";
}
