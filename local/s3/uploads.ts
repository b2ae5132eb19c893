import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { Journal } from "../process/journal.ts";
import { etagOf } from "./digests.ts";
import { type Pieces, piecesOf } from "./pieces.ts";
import { lock } from "./version.ts";

const ownerOnly = 0o600;

const part = z.object({
  number: z.int(),
  /** File that holds it. */
  blob: z.string(),
  bytes: z.number(),
  etag: z.string(),
  /** Epoch milliseconds. */
  at: z.number(),
});
export type Part = z.output<typeof part>;

const opened = z.object({
  id: z.string(),
  key: z.string(),
  headers: z.record(z.string(), z.string()),
  lock: lock.exactOptional(),
  /** Name of the checksum that the object is to have, and whether it is one of its parts' checksums. */
  algorithm: z.string().exactOptional(),
  isComposite: z.boolean(),
  /** Epoch milliseconds. */
  at: z.number(),
});
export type Opened = z.output<typeof opened>;

const line = z.union([
  z.object({ opened }),
  z.object({ upload: z.string(), part }),
  z.object({ ended: z.string() }),
]);
type Line = z.output<typeof line>;

/** An upload in parts, under way. */
export interface Upload extends Opened {
  readonly parts: ReadonlyMap<number, Part>;
}

/** The uploads in parts of one bucket: a file per part, and a journal, as objects have them. */
export class Uploads {
  readonly #directory: string;
  readonly #clock: () => number;
  readonly #journal: Journal<Line>;
  readonly #uploads = new Map<string, Opened & { readonly parts: Map<number, Part> }>();

  /** @throws Refusal when the journal is damaged. */
  constructor(directory: string, clock: () => number) {
    this.#directory = join(directory, "parts");
    this.#clock = clock;
    this.#journal = new Journal(join(directory, "uploads.jsonl"), line);
    for (const written of this.#journal.recall()) {
      if ("opened" in written) this.#uploads.set(written.opened.id, { ...written.opened, parts: new Map() });
      else if ("part" in written)
        this.#uploads.get(written.upload)?.parts.set(written.part.number, written.part);
      else this.#uploads.delete(written.ended);
    }
  }

  open(wanted: Omit<Opened, "id" | "at">): Upload {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const upload = { ...wanted, id: randomUUID().replaceAll("-", ""), at: this.#clock() };
    this.#journal.append({ opened: upload });
    const kept = { ...upload, parts: new Map<number, Part>() };
    this.#uploads.set(upload.id, kept);
    return kept;
  }

  find(key: string, id: string): Upload | undefined {
    const upload = this.#uploads.get(id);
    return upload?.key === key ? upload : undefined;
  }

  all(): readonly Upload[] {
    return [...this.#uploads.values()];
  }

  /** Keeps a part, in the place of an earlier one of that number. */
  put({ id }: Upload, number: number, body: Buffer): Part {
    const parts = this.#uploads.get(id)?.parts;
    const replaced = parts?.get(number);
    const kept: Part = {
      number,
      blob: randomUUID(),
      bytes: body.length,
      etag: etagOf([body]),
      at: this.#clock(),
    };
    writeFileSync(this.#path(kept), body, { mode: ownerOnly });
    this.#journal.append({ upload: id, part: kept });
    parts?.set(number, kept);
    if (replaced !== undefined) rmSync(this.#path(replaced), { force: true });
    return kept;
  }

  /** What parts hold, one behind the other. */
  pieces(wanted: readonly Part[]): Pieces {
    return piecesOf(wanted.map((each) => this.#path(each)));
  }

  /** Forgets an upload, completed or given up. */
  end({ id, parts }: Upload): void {
    this.#journal.append({ ended: id });
    this.#uploads.delete(id);
    for (const each of parts.values()) rmSync(this.#path(each), { force: true });
    if (this.#uploads.size === 0) this.#journal.rewrite([]);
  }

  close(): void {
    this.#journal.close();
  }

  #path({ blob }: Part): string {
    return join(this.#directory, blob);
  }
}
