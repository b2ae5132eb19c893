import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { separator, testsIn } from "#tests/support/named-tests.ts";

const root = join(import.meta.dirname, "../..");
const pages = ["docs/local-cloud.md", "docs/penetration-test.md"];

/** A row of the page's tables: the file, and the titles that lead to the test. */
interface Claim {
  readonly behaviour: string;
  readonly file: string;
  readonly titles: readonly string[];
}

/** The rows of every table whose head is `behaviour | test`. @throws Error on a row of another form. */
function claimsIn(markdown: string): readonly Claim[] {
  const claims: Claim[] = [];
  let inside = false;
  for (const line of markdown.split("\n")) {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
    const [, behaviour = "", cell = ""] = cells;
    if (!line.startsWith("|")) inside = false;
    else if (behaviour === "behaviour" && cell === "test") inside = true;
    else if (inside && !/^-+$/.test(behaviour)) {
      const [file = "", ...titles] = cell.split(separator);
      const path = /^`([^`]+\.test\.ts)`$/.exec(file)?.[1];
      if (path === undefined || titles.length === 0 || cells.length !== 4) {
        throw new Error(`not of the form | behaviour | \`file\` › test |: ${line}`);
      }
      claims.push({ behaviour, file: path, titles });
    }
  }
  return claims;
}

/** What the page claims, and no test shows. */
function unfounded(claims: readonly Claim[], read: (file: string) => string | undefined): readonly string[] {
  const known = new Map<string, ReadonlySet<string>>();
  return claims.flatMap(({ file, titles }) => {
    const source = known.has(file) ? undefined : read(file);
    if (source !== undefined) known.set(file, testsIn(source));
    const shown = known.get(file);
    if (shown === undefined) return [`there is no ${file}`];
    const path = titles.join(separator);
    return shown.has(path) ? [] : [`${file} has no test › ${path}`];
  });
}

describe("the check finds", () => {
  const source = `
    describe("names", () => {
      test("stay reserved", async () => {});
      it.each([1])("number %i is good", () => {});
    });
    test(\`after \${kills} kills\`, () => {});
  `;
  const rows = (...tests: string[]) =>
    ["| behaviour | test |", "| --- | --- |", ...tests.map((cell) => `| b | ${cell} |`)].join("\n");
  const check = (...tests: string[]) =>
    unfounded(claimsIn(rows(...tests)), (file) => (file === "a.test.ts" ? source : undefined));

  test("a test by all the titles that lead to it", () => {
    expect(
      check(
        "`a.test.ts` › names › stay reserved",
        "`a.test.ts` › names › number %i is good",
        "`a.test.ts` › after … kills",
      ),
    ).toEqual([]);
  });

  test("a file that is gone, a test that is gone, and one that has moved", () => {
    expect(
      check("`b.test.ts` › x", "`a.test.ts` › names › are reserved", "`a.test.ts` › stay reserved"),
    ).toEqual([
      "there is no b.test.ts",
      "a.test.ts has no test › names › are reserved",
      "a.test.ts has no test › stay reserved",
    ]);
  });

  test.each(["a.test.ts › x", "`a.test.ts`", "`a.ts` › x", "`a.test.ts` › x | more"])(
    "a row of another form: %s",
    (cell) => {
      expect(() => check(cell)).toThrow("not of the form");
    },
  );
});

test.each(pages)("each behaviour that %s claims is shown by a test that exists", (page) => {
  const claims = claimsIn(readFileSync(join(root, page), "utf8"));
  expect(claims.length).toBeGreaterThan(15);
  const read = (file: string) =>
    existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : undefined;
  expect(unfounded(claims, read)).toEqual([]);
});
