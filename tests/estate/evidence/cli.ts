import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../committed-plan.ts";
import { deadEnds } from "./names.ts";
import { labelOf, pageOf } from "./page.ts";
import { standards } from "./standards.ts";

// What there is for each requirement of PCI DSS and SOC 2: `npm run estate:evidence`, which writes the pages of
// docs/evidence with `-- --write`.

const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });

for (const standard of standards) {
  const { file, title, rows } = standard;
  const counts = [...Map.groupBy(rows, labelOf)].map(([label, own]) => `${own.length} ${label}`).toSorted();
  console.log(`${title}: ${rows.length} rows, ${counts.join(", ")}`);
  for (const { no, status, missing } of rows) if (status === "open") console.log(`  open: ${no} ${missing}`);
  const wrong = deadEnds(rows);
  for (const line of wrong) console.error(`  ${line}`);
  if (wrong.length > 0) process.exitCode = 1;
  if (values.write) {
    const path = join(projectRoot, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, pageOf(standard));
    console.log(`${file} is written.`);
  }
}
