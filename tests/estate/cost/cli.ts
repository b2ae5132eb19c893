import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../committed-plan.ts";
import { type Cost, costOf } from "./costs.ts";
import { pageOf } from "./page.ts";
import { priceOf } from "./prices.ts";
import { plansOfAllStages } from "./stages.ts";

// What each stage costs a month while nobody uses it: `npm run estate:cost`, which writes docs/cost.md with `-- --write`.

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const file = join(projectRoot, "docs/cost.md");

console.log("… renders the stages that have no committed plan");
let costs: readonly Cost[] = [];
try {
  costs = (await plansOfAllStages()).map(costOf);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
for (const { stage, lines, usd } of costs) {
  console.log(`\n${stage}: $${usd.toFixed(2)} a month`);
  for (const { concern, price, units, usd: each } of lines)
    console.log(
      `  ${each.toFixed(2).padStart(9)}  ${concern.padEnd(10)}  ${Math.round(units * 100) / 100} × ${priceOf(price).usd} per ${priceOf(price).per}`,
    );
}
if (values.write) {
  writeFileSync(file, pageOf(costs));
  console.log(`\n${file} is written.`);
} else {
  console.log(
    "\n-- --write puts this into docs/cost.md, with what costs by use and where the prices are from.",
  );
}
