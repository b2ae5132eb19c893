/** A line of a file, without its end (LF, or CR LF). */
export interface FileLine {
  /** From 1. */
  readonly number: number;
  readonly bytes: Buffer;
  /** `missing`: the file ends behind it without an end of line. `too_far`: it is longer than allowed, and cut. */
  readonly end: "there" | "missing" | "too_far";
}

/** Longer than any line that an acquirer or a bank writes, by far. */
export const lineBytesMax = 65_536;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * The lines of a file, as they come: no more than one of them, and a chunk, is in memory. The last is one whose end is
 * not there, if there is such a line.
 */
export async function* fileLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<FileLine> {
  let number = 1;
  let rest: Buffer = Buffer.alloc(0);
  for await (const { buffer, byteOffset, byteLength } of chunks) {
    const chunk = Buffer.from(buffer, byteOffset, byteLength);
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (;;) {
      const at = bytes.indexOf(lineFeed, start);
      const isTooLong = (at === -1 ? bytes.length : at) - start > lineBytesMax;
      if (isTooLong) {
        yield { number, bytes: bytes.subarray(start, start + lineBytesMax), end: "too_far" };
        return;
      }
      if (at === -1) break;
      const end = at > start && bytes[at - 1] === carriageReturn ? at - 1 : at;
      yield { number, bytes: bytes.subarray(start, end), end: "there" };
      number += 1;
      start = at + 1;
    }
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield { number, bytes: rest, end: "missing" };
}
