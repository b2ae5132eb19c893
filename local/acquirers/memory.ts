import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { type DeclineCode, isDeclineCode } from "#core/acquiring/declines.ts";
import type { Memorandum, Memory } from "./acquirer.ts";

/** Amounts and outcomes are the acquirer's own business: only its owner reads them. */
const ownerOnly = 0o600;

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

/**
 * An acquirer's memory in a file: one line per operation, written before its answer is sent. Without fsync: it
 * survives the end of every process, not of the machine.
 */
export class FileMemory implements Memory {
  readonly #path: string;
  readonly #linesMax: number;

  /** `linesMax`: how many operations outlive a start; older lines are cut off then. */
  constructor(path: string, linesMax: number) {
    this.#path = path;
    this.#linesMax = linesMax;
  }

  /** What was written so far, oldest first. @throws Error when a whole line is not one that this class writes. */
  recall(): readonly Memorandum[] {
    const text = this.#read();
    // What is behind the last line end was cut off by a kill: it was never answered, so it never happened.
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const lines = whole.split("\n").slice(0, -1);
    const kept = lines.slice(-this.#linesMax);
    if (whole.length < text.length || kept.length < lines.length) this.#rewrite(kept);
    return kept.map((line) => memorandum.parse(JSON.parse(line)));
  }

  keep(entry: Memorandum): void {
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`, { mode: ownerOnly });
  }

  #read(): string {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    try {
      return readFileSync(this.#path, "utf8");
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw thrown;
    }
  }

  #rewrite(lines: readonly string[]): void {
    const next = `${this.#path}.next`;
    writeFileSync(next, lines.map((line) => `${line}\n`).join(""), { mode: ownerOnly });
    renameSync(next, this.#path);
  }
}
