/** Something that the person at the terminal can put right. Its message says how; no stack is shown. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
}

/** Something is there, and did not answer in time: whether it did what it was asked is not known. */
export class NoAnswer extends Refusal {
  override readonly name = "NoAnswer";
}
