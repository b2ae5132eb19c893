import { z } from "zod";
import { type DeclineCode, isDeclineCode } from "#core/acquiring/declines.ts";
import { Journal } from "../process/journal.ts";
import type { Memorandum, Memory } from "./acquirer.ts";

const declineCode = z.custom<DeclineCode>((code) => typeof code === "string" && isDeclineCode(code));
const answer = z.enum(["sent", "withheld", "server_error"]);
const act = z.object({
  decides: z.union([z.enum(["approved", "nothing"]), z.object({ declined: declineCode })]),
  answer,
  thinksMs: z.number(),
});
const memorandum = z.object({
  operation: z.object({
    key: z.string(),
    operation: z.enum(["authorize", "capture", "void"]),
    reference: z.string(),
    result: z.enum(["approved", "declined"]),
    declineCode: declineCode.exactOptional(),
    expiresAt: z.number().exactOptional(),
  }),
  digest: z.string(),
  answer,
  authorization: z
    .object({
      state: z.enum(["open", "captured", "voided"]),
      amount: z.number(),
      expiresAt: z.number(),
      capture: act,
    })
    .exactOptional(),
});

/** An acquirer's memory in a file: one line per operation, written before its answer is sent. */
export class FileMemory implements Memory {
  readonly #journal: Journal<Memorandum>;
  readonly #linesMax: number;

  /** `linesMax`: how many operations outlive a start; older lines are cut off then. */
  constructor(path: string, linesMax: number) {
    this.#journal = new Journal(path, memorandum);
    this.#linesMax = linesMax;
  }

  /** What was written so far, oldest first. @throws Refusal when a whole line is not one that this class writes. */
  recall(): readonly Memorandum[] {
    const lines = this.#journal.recall();
    if (lines.length <= this.#linesMax) return lines;
    const kept = lines.slice(-this.#linesMax);
    this.#journal.rewrite(kept);
    return kept;
  }

  keep(entry: Memorandum): void {
    this.#journal.append(entry);
  }
}
