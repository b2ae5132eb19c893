/** Something that the person at the terminal can put right. Its message says how; no stack is shown. */
export class Refusal extends Error {
  override readonly name: string = "Refusal";
}

/** Nothing is there: what was asked was not heard. (Unless it was, and what heard it ended before it answered.) */
export class Unreachable extends Refusal {
  override readonly name = "Unreachable";
}

/** Something is there, and did not answer in time: whether it did what it was asked is not known. */
export class NoAnswer extends Refusal {
  override readonly name = "NoAnswer";
}
