import { hashBytes } from "./merkle.ts";

/** Where a file's lines are no longer what they were, first. Lines are counted from 1. */
export type LineChange =
  | { readonly kind: "changed" | "put_in"; readonly line: number }
  /** What stood there is gone; the line behind it stands in its place, where there is one. */
  | { readonly kind: "taken_out"; readonly line: number; readonly lines: number };

/**
 * Finds the first line that is not what it was, by the digests of what the lines were and of what they are.
 * @param were digests of all lines, one after the other
 * @returns undefined when all are the same
 */
export function firstChange(were: Uint8Array, are: Uint8Array): LineChange | undefined {
  const [before, after] = [were.length / hashBytes, are.length / hashBytes];
  const same = (one: number, other: number): boolean =>
    one < before && other < after && Buffer.compare(hashAt(were, one), hashAt(are, other)) === 0;
  let at = 0;
  while (same(at, at)) at += 1;
  if (at === before && at === after) return undefined;
  const line = at + 1;
  if (at === before) return { kind: "put_in", line };
  if (at === after) return { kind: "taken_out", line, lines: before - after };
  // What is behind it tells whether it moved.
  if (after > before && same(at, at + after - before)) return { kind: "put_in", line };
  if (before > after && same(at + before - after, at))
    return { kind: "taken_out", line, lines: before - after };
  return { kind: "changed", line };
}

const hashAt = (hashes: Uint8Array, index: number): Uint8Array =>
  hashes.subarray(index * hashBytes, (index + 1) * hashBytes);
