import type { z } from "zod";

/** Kinesis refuses a call: an answer of AWS, not a failure of this engine. */
export class KinesisRefusal extends Error {
  override readonly name = "KinesisRefusal";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export const invalid = (message: string): KinesisRefusal =>
  new KinesisRefusal("InvalidArgumentException", message);

/** @throws KinesisRefusal when the input is not as Kinesis takes it. */
export function parsed<T>(schema: z.ZodType<T>, input: unknown): T {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new KinesisRefusal("ValidationException", `${issue?.path.join(".")}: ${issue?.message}`);
}
