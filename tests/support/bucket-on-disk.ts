import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Line {
  readonly put?: { readonly key: string; readonly id: string; readonly content?: { readonly blob: string } };
}

/**
 * Writes over the newest version of an object where it lies, as whoever owns the disk could: S3 knows nothing of it, and
 * no lock is in the way.
 * @param directory in which the local S3 keeps its buckets
 */
export function overwriteOnDisk(directory: string, bucket: string, key: string, body: Uint8Array): void {
  const folder = join(directory, bucket);
  const written = readFileSync(join(folder, "versions.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as Line).put)
    .findLast((put) => put?.key === key && put.content !== undefined);
  if (written?.content === undefined) throw new Error(`${bucket} has no ${key}`);
  writeFileSync(join(folder, "blobs", written.content.blob), body);
}
