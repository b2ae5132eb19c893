import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { separator, testsIn } from "#tests/support/named-tests.ts";
import { projectRoot } from "../committed-plan.ts";
import { rules } from "../rules/rules.ts";
import { wiring } from "../wiring/wiring.ts";
import type { Row, Where } from "./row.ts";

/** A place to look, taken apart. */
type Place =
  | { readonly kind: "rule" | "wiring" | "file" | "script"; readonly name: string }
  | { readonly kind: "adr"; readonly name: string; readonly file: string | undefined }
  | { readonly kind: "test"; readonly file: string; readonly titles: string };

const decisions = readdirSync(join(projectRoot, "docs/decisions"));

export function placeOf(where: Where): Place {
  const [kind = "", ...rest] = where.split(": ");
  const name = rest.join(": ");
  switch (kind) {
    case "rule":
    case "wiring":
    case "file":
    case "script":
      return { kind, name };
    case "adr":
      return { kind, name, file: decisions.find((file) => file.startsWith(`${name.padStart(4, "0")}-`)) };
    case "test": {
      const [file = "", ...titles] = name.split(separator);
      return { kind, file, titles: titles.join(separator) };
    }
    default:
      throw new Error(`${where}: what is that?`);
  }
}

/** Where scripts want more than their name. */
const scriptArguments: Readonly<Record<string, string>> = { ops: " -- prove" };

const projects = ["contract", "estate", "integration", "simulation"] as const;
const projectOf = (file: string): string =>
  projects.find((name) => file.startsWith(`tests/${name}/`)) ?? "unit";

/** The command that shows it on a fresh clone, after `npm ci`; undefined for what is to be read. */
export function commandOf(where: Where): string | undefined {
  const place = placeOf(where);
  switch (place.kind) {
    case "rule":
    case "wiring":
      return "npm run estate:check";
    case "script":
      return `npm run ${place.name}${scriptArguments[place.name] ?? ""}`;
    case "test":
      return `npx vitest run --project ${projectOf(place.file)} ${place.file}`;
    case "file":
    case "adr":
      return undefined;
  }
}

const scripts = (): Readonly<Record<string, string>> =>
  (
    JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    }
  ).scripts;

const known = new Map<string, ReadonlySet<string>>();

/** Titles of the tests of a file that is there. */
function titlesIn(file: string): ReadonlySet<string> {
  const titles = known.get(file) ?? testsIn(readFileSync(join(projectRoot, file), "utf8"));
  known.set(file, titles);
  return titles;
}

const isThere = (file: string): boolean => existsSync(join(projectRoot, file));

/** Names of rows that lead nowhere, each with the row that has it. */
export function deadEnds(rows: readonly Row[]): readonly string[] {
  return rows.flatMap(({ no, where }) =>
    where.flatMap((each) => {
      const wrong = deadEnd(each);
      return wrong === undefined ? [] : [`${no}: ${wrong}`];
    }),
  );
}

function deadEnd(where: Where): string | undefined {
  const place = placeOf(where);
  switch (place.kind) {
    case "rule":
      return rules.some(({ name }) => name === place.name) ? undefined : `there is no rule ${place.name}`;
    case "wiring":
      return wiring.some(({ name }) => name === place.name)
        ? undefined
        : `there is no wiring check ${place.name}`;
    case "file":
      return isThere(place.name) ? undefined : `there is no ${place.name}`;
    case "script":
      return place.name in scripts() ? undefined : `there is no npm run ${place.name}`;
    case "adr":
      return place.file === undefined ? `there is no ADR ${place.name}` : undefined;
    case "test":
      if (!isThere(place.file)) return `there is no ${place.file}`;
      return titlesIn(place.file).has(place.titles)
        ? undefined
        : `${place.file} has no test › ${place.titles}`;
  }
}
