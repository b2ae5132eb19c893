import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { piecesOf, writePieces } from "./pieces.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tallystick-pieces-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** More than one piece, and no multiple of it. */
const large = Buffer.from(Array.from({ length: 5_000_011 }, (_, at) => at % 251));

function fileWith(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

test("files are put together one behind the other, as often as they are asked for", () => {
  const parts = [large, Buffer.alloc(0), Buffer.from("end")];
  const pieces = piecesOf(parts.map((bytes, at) => fileWith(String(at), bytes)));
  for (const name of ["first", "second"]) {
    const path = join(folder, name);
    expect(writePieces(path, pieces)).toBe(large.length + 3);
    expect(readFileSync(path).equals(Buffer.concat(parts))).toBe(true);
  }
});

test("a file that is there is never written over", () => {
  const path = fileWith("there", Buffer.from("one"));
  expect(() => writePieces(path, [Buffer.from("other")])).toThrow(
    expect.objectContaining({ code: "EEXIST" }),
  );
});
