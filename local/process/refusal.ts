/**
 * The local cloud cannot start or go on, and this one line says what is wrong and what to do about it.
 * `cause` is for `DEBUG=1` only.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
}
