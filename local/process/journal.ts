import { closeSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { z } from "zod";
import { Refusal } from "./refusal.ts";

/** What local services keep is for the user who started them only. */
const ownerOnly = 0o600;

/**
 * A file of JSON lines that only grows until it is rewritten: what an engine did, in order, so that the next process
 * can do it again. A line is written before its call is answered, without fsync: it survives the end of every
 * process, not of the machine.
 */
export class Journal<Line> {
  readonly #path: string;
  readonly #schema: z.ZodType<Line>;
  #file: number | undefined;

  constructor(path: string, schema: z.ZodType<Line>) {
    this.#path = path;
    this.#schema = schema;
  }

  /**
   * Everything that was written, oldest first. What a kill cut off behind the last line end was never answered: it is
   * removed, so that the next line begins on its own.
   * @throws Refusal when a whole line is not one that `append` wrote.
   */
  recall(): readonly Line[] {
    const text = this.#read();
    const whole = text.slice(0, text.lastIndexOf("\n") + 1);
    const lines = whole.split("\n").slice(0, -1);
    if (whole.length < text.length) this.#replace(whole);
    try {
      return lines.map((line) => this.#schema.parse(JSON.parse(line)));
    } catch (thrown) {
      throw new Refusal(
        `${this.#path} is damaged: mend it, or wipe all local state with "npm start -- --fresh"`,
        { cause: thrown },
      );
    }
  }

  append(line: Line): void {
    this.#file ??= openSync(this.#path, "a", ownerOnly);
    writeSync(this.#file, `${JSON.stringify(line)}\n`);
  }

  /** Puts these lines in the place of all: a crash leaves the old ones or the new ones. */
  rewrite(lines: Iterable<Line>): void {
    this.#replace(Array.from(lines, (line) => `${JSON.stringify(line)}\n`).join(""));
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
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

  #replace(text: string): void {
    this.close();
    const next = `${this.#path}.next`;
    writeFileSync(next, text, { mode: ownerOnly });
    renameSync(next, this.#path);
  }
}
