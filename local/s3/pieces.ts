import { closeSync, openSync, readSync, writeSync } from "node:fs";

/**
 * Bytes of an object, piece after piece: the whole of one may be larger than memory, and than any Buffer (2 GiB). Can be gone
 * through more than once.
 */
export type Pieces = Iterable<Buffer>;

const pieceBytes = 4 * 1024 * 1024;
const ownerOnly = 0o600;

/** What stands in these files, one behind the other. Each piece is gone when the next one is asked for. */
export const piecesOf = (paths: readonly string[]): Pieces => ({
  *[Symbol.iterator]() {
    const piece = Buffer.allocUnsafe(pieceBytes);
    for (const path of paths) {
      const file = openSync(path, "r");
      try {
        for (let bytes = readSync(file, piece); bytes > 0; bytes = readSync(file, piece))
          yield piece.subarray(0, bytes);
      } finally {
        closeSync(file);
      }
    }
  },
});

/** Writes a new file. @returns its size in bytes */
export function writePieces(path: string, pieces: Pieces): number {
  const file = openSync(path, "wx", ownerOnly);
  let bytes = 0;
  try {
    for (const piece of pieces)
      for (let at = 0; at < piece.length; ) {
        const written = writeSync(file, piece, at);
        at += written;
        bytes += written;
      }
  } finally {
    closeSync(file);
  }
  return bytes;
}
