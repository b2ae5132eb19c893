import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "./committed-plan.ts";
import { commandOf, deadEnds } from "./evidence/names.ts";
import { pageOf } from "./evidence/page.ts";
import { pciNumbers } from "./evidence/pci/numbers.ts";
import { pciRows } from "./evidence/pci/pci.ts";
import { estate, type Row, type Where } from "./evidence/row.ts";
import { soc2Counts, soc2Rows } from "./evidence/soc2/soc2.ts";
import { standards } from "./evidence/standards.ts";
import { rules } from "./rules/rules.ts";

const read = (file: string): string => readFileSync(join(projectRoot, file), "utf8");

describe.each(standards)("$file", (standard) => {
  it("is what the rows say", () => {
    const isCurrent = read(standard.file) === pageOf(standard);
    expect(isCurrent, `${standard.file} is stale: run \`npm run estate:evidence -- --write\`.`).toBe(true);
  });

  it("names rules, checks, tests, files, decisions and scripts that exist", () => {
    expect(deadEnds(standard.rows)).toEqual([]);
  });

  it("shows something wherever it says so, and says what is missing everywhere else", () => {
    const isShown = ({ status }: Row): boolean => status === "estate" || status === "code";
    expect(standard.rows.filter((row) => isShown(row) && row.where.length === 0)).toEqual([]);
    expect(standard.rows.filter((row) => !isShown(row) && !row.missing)).toEqual([]);
    expect(standard.rows.filter(({ status, where }) => status === "none" && where.length > 0)).toEqual([]);
  });
});

describe("the pages have each requirement once:", () => {
  it("those of PCI DSS 4.0.1", () => {
    expect(pciRows.map(({ no }) => no)).toEqual(pciNumbers);
    expect(new Set(pciNumbers).size).toBe(pciNumbers.length);
  });

  it("the criteria of SOC 2", () => {
    const numbers = Object.entries(soc2Counts).flatMap(([series, count]) =>
      Array.from({ length: count }, (_, index) => `${series}.${index + 1}`),
    );
    expect(soc2Rows.map(({ no }) => no)).toEqual(numbers);
  });
});

describe("a rule that shows a requirement", () => {
  const shown = rules.flatMap(({ name, shows }) =>
    shows.filter((control) => control.startsWith("PCI ")).map((control) => ({ name, no: control.slice(4) })),
  );

  it.each(shown)("$name stands at $no, which asks for something that the system has", ({ name, no }) => {
    const row = pciRows.find((each) => each.no === no);
    expect(row?.where).toContain(`rule: ${name}`);
    expect(row?.status).not.toBe("none");
  });
});

describe("a name that leads nowhere is found:", () => {
  it.each<[Where, string]>([
    ["rule: keys-rotated", "1: there is no rule keys-rotated"],
    ["wiring: arns-are-there", "1: there is no wiring check arns-are-there"],
    ["adr: 999", "1: there is no ADR 999"],
    ["file: stacks/nothing.ts", "1: there is no stacks/nothing.ts"],
    ["script: estate:guess", "1: there is no npm run estate:guess"],
    ["test: tests/estate/nothing.test.ts › x", "1: there is no tests/estate/nothing.test.ts"],
    [
      "test: tests/estate/graph.test.ts › shows nothing",
      "1: tests/estate/graph.test.ts has no test › shows nothing",
    ],
  ])("%s", (where, says) => {
    expect(deadEnds([estate("1", "Something.", [where])])).toEqual([says]);
  });

  it("and one that leads somewhere is not", () => {
    const where: readonly Where[] = [
      "rule: keys-rotate",
      "wiring: arns-exist",
      "adr: 41",
      "file: stacks/keys.ts",
      "script: ops",
      "test: tests/estate/graph.test.ts › leads from a source to its reader, and not back",
    ];
    expect(deadEnds([estate("1", "Something.", where)])).toEqual([]);
    expect(where.map(commandOf)).toEqual([
      ...["npm run estate:check", "npm run estate:check", undefined, undefined, "npm run ops -- prove"],
      "npx vitest run --project estate tests/estate/graph.test.ts",
    ]);
  });
});

it("docs/penetration-test.md names requirements that exist", () => {
  const named = [...read("docs/penetration-test.md").matchAll(/(?<!DSS )\b(?:A|\d+)\d*\.\d+\.\d+\b/g)].map(
    ([no]) => no,
  );
  expect(named).not.toEqual([]);
  expect(named.filter((no) => !pciNumbers.includes(no))).toEqual([]);
});
