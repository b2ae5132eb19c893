/** Something that the person at the terminal can put right. Its message says how; no stack is shown. */
export class Refusal extends Error {
  override readonly name = "Refusal";
}
