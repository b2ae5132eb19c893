import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";

/** A directory that an engine keeps its state in, gone when the test ends. */
export function stateDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `tallystick-${name}-`));
  directories.push(directory);
  return directory;
}

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});
