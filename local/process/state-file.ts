import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { z } from "zod";
import { Refusal } from "./refusal.ts";

/** Secrets are for the user who started the local cloud only. */
const ownerOnly = 0o600;

/** A small JSON file of `.local/` that survives restarts. Written whole and renamed, so that a crash leaves the old one. */
export class StateFile<T> {
  readonly #path: string;
  readonly #schema: z.ZodType<T>;

  constructor(path: string, schema: z.ZodType<T>) {
    this.#path = path;
    this.#schema = schema;
  }

  /**
   * @returns undefined when there is no such file yet.
   * @throws Refusal when it is not what `write` wrote.
   */
  read(): T | undefined {
    let text: string;
    try {
      text = readFileSync(this.#path, "utf8");
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw new Refusal(`${this.#path} cannot be read (${(thrown as NodeJS.ErrnoException).code})`, {
        cause: thrown,
      });
    }
    try {
      return this.#schema.parse(JSON.parse(text));
    } catch (thrown) {
      throw new Refusal(
        `${this.#path} is damaged: mend it, or wipe all local state with "npm start -- --fresh"`,
        {
          cause: thrown,
        },
      );
    }
  }

  write(value: T): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    const next = `${this.#path}.next`;
    writeFileSync(next, `${JSON.stringify(value, null, 2)}\n`, { mode: ownerOnly });
    renameSync(next, this.#path);
  }

  remove(): void {
    rmSync(this.#path, { force: true });
  }
}
