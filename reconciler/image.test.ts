import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
let image: string;

/** What the Dockerfile copies of the project, and nothing else. That packages are no developers' own, the dependency rule says. */
beforeAll(() => {
  image = mkdtempSync(join(tmpdir(), "tallystick-image-"));
  const last =
    readFileSync(join(import.meta.dirname, "Dockerfile"), "utf8")
      .split(/^FROM /m)
      .at(-1) ?? "";
  for (const [, from = "", to = ""] of last.matchAll(/^COPY (?!--from)(\S+) (\S+)$/gm))
    cpSync(join(root, from), join(image, to === "./" ? from : to), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(image, "node_modules"));
});
afterAll(() => rmSync(image, { recursive: true, force: true }));

test.each(["main.ts", "migrate.ts"])(
  "of the image, %s loads all that it needs, and says what it was not told",
  (program) => {
    const ended = spawnSync(process.execPath, [join("reconciler", program)], {
      cwd: image,
      env: {},
      encoding: "utf8",
    });
    expect(ended.status).toBe(1);
    expect(ended.stdout + ended.stderr).toContain("the environment is not complete: ");
    expect(ended.stdout + ended.stderr).toContain("BOOKS_HOST");
  },
);
