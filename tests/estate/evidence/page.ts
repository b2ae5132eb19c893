import { commandOf, placeOf } from "./names.ts";
import type { Row, Status, Where } from "./row.ts";

/** A standard as a page of docs/evidence. */
export interface Standard {
  readonly file: string;
  readonly title: string;
  readonly intro: string;
  /** What its groups are about, by what their numbers begin with. */
  readonly heads: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
}

const labels = {
  estate: "shown by the estate",
  estatePart: "in part, by the estate",
  code: "shown by code",
  codePart: "in part, by code",
  company: "the company's",
  open: "open",
  none: "does not apply",
} as const satisfies Readonly<Record<Status | "estatePart" | "codePart", string>>;

/** What is shown in part is not shown. */
export function labelOf({ status, missing }: Row): string {
  if (missing === undefined) return labels[status];
  return status === "estate" || status === "code" ? labels[`${status}Part`] : labels[status];
}

export function pageOf({ title, intro, heads, rows }: Standard): string {
  const groups = Object.entries(heads).map(([head, about]) => ({
    head,
    about,
    own: rows.filter(({ no }) => no.startsWith(`${head}.`)),
  }));
  return `${[
    `# ${title}`,
    intro,
    legend,
    countsOf(groups),
    ...groups.map(({ head, about, own }) => [`## ${head} ${about}`, "", ...tableOf(own)].join("\n")),
    commandsOf(rows),
  ].join("\n\n")}\n`;
}

const legend = `Made from \`tests/estate/evidence\` by \`npm run estate:evidence -- --write\`; tests hold every name in it against what exists. What a
requirement asks is told in our words: the standard's own are its publisher's, and count.

- **shown by the estate**: the plan that is deployed shows it, without AWS. That what is deployed still is that plan, AWS
  Config and Security Hub say once there is something deployed; nothing of this ever was.
- **shown by code**: code and its tests show it.
- **in part**: it asks for more, and the last column says for what.
- **the company's**: people, papers, places and contracts. Nothing here shows it, whatever it helps.
- **open**: it is technology's to show, and what it asks for is not there.
- **does not apply**: the system has nothing of the kind.`;

interface Group {
  readonly head: string;
  readonly about: string;
  readonly own: readonly Row[];
}

function countsOf(groups: readonly Group[]): string {
  const kinds = Object.values(labels);
  const cells = (rows: readonly Row[]): string =>
    kinds.map((kind) => rows.filter((row) => labelOf(row) === kind).length).join(" | ");
  return [
    `| | ${kinds.join(" | ")} |`,
    `| --- |${" ---: |".repeat(kinds.length)}`,
    ...groups.map(({ head, about, own }) => `| ${head} ${about} | ${cells(own)} |`),
    `| **all** | ${cells(groups.flatMap(({ own }) => own))} |`,
  ].join("\n");
}

function tableOf(rows: readonly Row[]): readonly string[] {
  return [
    "| no. | asks | status | where | not shown here |",
    "| --- | --- | --- | --- | --- |",
    ...rows.map((row) => {
      const { no, asks, where, missing = "" } = row;
      return `| ${no} | ${cell(asks)} | ${labelOf(row)} | ${where.map(linkOf).join("<br>")} | ${cell(missing)} |`;
    }),
  ];
}

/** Pages are in docs/evidence. */
const up = "../..";

function linkOf(where: Where): string {
  const place = placeOf(where);
  switch (place.kind) {
    case "rule":
      return `rule \`${place.name}\``;
    case "wiring":
      return `wiring \`${place.name}\``;
    case "script":
      return `\`${commandOf(where)}\``;
    case "file":
      return `[${place.name}](${up}/${place.name})`;
    case "adr":
      return `[ADR ${place.name}](${up}/docs/decisions/${place.file})`;
    case "test":
      return `[${place.file.split("/").at(-1)}](${up}/${place.file}) › ${cell(place.titles)}`;
  }
}

/** What is in no table's way: `%s` and `$name` stand for what a test is run with. */
const cell = (text: string): string => text.replaceAll("|", "\\|");

function commandsOf(rows: readonly Row[]): string {
  const byCommand = Map.groupBy(
    rows.flatMap(({ no, where }) =>
      where.flatMap((each) => {
        const command = commandOf(each);
        return command === undefined ? [] : [{ command, no }];
      }),
    ),
    ({ command }) => command,
  );
  const lines = [...byCommand]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([command, uses]) => `| \`${command}\` | ${[...new Set(uses.map(({ no }) => no))].join(", ")} |`);
  return [
    "## Commands",
    "",
    "Each works on a fresh clone after `npm ci`. `npm run ops` asks a system that runs: `npm start` in another terminal. Rules",
    "and wiring are all shown by `npm run estate:check`; [docs/decisions/0041](../decisions/0041-rules-on-the-plan.md) says how",
    "each rule is proven.",
    "",
    "| command | shows |",
    "| --- | --- |",
    ...lines,
  ].join("\n");
}
