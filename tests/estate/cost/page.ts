import type { Cost, Line } from "./costs.ts";
import { hoursPerMonth, lookedUp, type PriceName, priceOf, prices } from "./prices.ts";
import { byUse } from "./unpriced.ts";

/** The page docs/cost.md. */
export function pageOf(costs: readonly Cost[]): string {
  const priced = costs.filter(({ usd }) => usd > 0);
  return `${[
    intro,
    summary(costs),
    ...priced.map(stageSection),
    byUseSection(costs),
    priceSection(new Set(costs.flatMap(({ lines }) => lines.map(({ price }) => price)))),
  ].join("\n\n")}\n`;
}

const intro = `# What the estate costs while nobody uses it

Made from the plans of all stages by \`npm run estate:cost -- --write\`, and held against them by a test: do not edit it.

Amounts are US dollars for a month of ${hoursPerMonth} hours, before tax, without contracts and credits, and without the allowances
that AWS gives each account every month (ten alarms, three dashboards, fifty health checks of its own endpoints). What can
shrink is counted at its minimum, and what is paid for by use at nothing: a real bill is higher by a little of what stands
under [by use](#by-use). What a payment costs beyond this, \`npm run demo\` says.

Nothing of this was ever on a bill. [The prices](#prices) are AWS's published ones, as stored copies of its price lists and
pages have them, each with its date. Some copies have none, and where Ireland's price was not found, the table says whose it
is: look at those before you sign for the sum.`;

function summary(costs: readonly Cost[]): string {
  const rows = costs.map(({ stage, usd, driven }) => {
    const name = usd > 0 ? `[${stage}](#${stage})` : stage;
    return `| ${name} | ${dollars(usd)} | ${driven.length} |`;
  });
  const total = costs.reduce((sum, { usd }) => sum + usd, 0);
  return [
    "| stage | $ a month | kinds of resources that cost by use |",
    "| --- | ---: | ---: |",
    ...rows,
    `| **all** | **${dollars(total)}** | |`,
  ].join("\n");
}

function stageSection({ stage, lines, usd }: Cost): string {
  const byConcern = [...Map.groupBy(lines, ({ concern }) => concern)];
  const rows = byConcern.flatMap(([concern, own]) => [
    ...own.map((line) => rowOf(line)),
    `| **${concern}** | | | | **${dollars(own.reduce((sum, line) => sum + line.usd, 0))}** |`,
  ]);
  return [
    `## ${stage}`,
    "",
    "| | resources | units a month | $ a unit | $ a month |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...rows,
    `| **all** | | | | **${dollars(usd)}** |`,
  ].join("\n");
}

function rowOf({ price, resources, units, usd }: Line): string {
  const { per, usd: each } = priceOf(price);
  return `| ${per} | ${resources} | ${number(units)} | ${each} | ${dollars(usd)} |`;
}

function byUseSection(costs: readonly Cost[]): string {
  const rows = Object.entries(byUse).flatMap(([type, by]) => {
    const stages = costs.filter(({ driven }) => driven.some((each) => each.type === type));
    return stages.length === 0 ? [] : [`| \`${shortOf(type)}\` | ${by} | ${stagesOf(stages, costs)} |`];
  });
  return [
    "## By use",
    "",
    "In no sum of this page: what is done with these, or kept in them, beside what they always cost.",
    "",
    "| kind | costs by | in |",
    "| --- | --- | --- |",
    ...rows,
  ].join("\n");
}

/** `kms/key` for `aws:kms/key:Key`; others are known by their last part. */
const shortOf = (type: string): string =>
  (type.startsWith("aws:") ? type.split(":")[1] : type.split(":").at(-1)) ?? type;

const stagesOf = (some: readonly Cost[], all: readonly Cost[]): string =>
  some.length === all.length ? "all" : some.map(({ stage }) => stage).join(", ");

function priceSection(used: ReadonlySet<PriceName>): string {
  const rows = Object.entries(prices)
    .filter(([name]) => used.has(name as PriceName))
    .map(([name]) => {
      const { usd, per, region, source, asOf, caveat = "" } = priceOf(name as PriceName);
      return `| ${per} | ${usd} | ${region} | [${asOf}](${source}) | ${caveat} |`;
    });
  return [
    "## Prices",
    "",
    `Looked up on ${lookedUp}. The date is that of the copy of the list or page, where it has one; the link is where AWS publishes the price.`,
    "",
    "| one | $ | in | as of | but |",
    "| --- | ---: | --- | --- | --- |",
    ...rows,
  ].join("\n");
}

const dollars = (usd: number): string =>
  usd.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const number = (units: number): string => units.toLocaleString("en-US", { maximumFractionDigits: 2 });
