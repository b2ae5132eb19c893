import { rules } from "../../rules/rules.ts";
import type { Row, Where } from "../row.ts";
import { accessRows } from "./access.ts";
import { accountDataRows } from "./account-data.ts";
import { monitoringRows } from "./monitoring.ts";
import { networkRows } from "./network.ts";
import { pciNumbers } from "./numbers.ts";
import { organizationRows } from "./organization.ts";
import { softwareRows } from "./software.ts";

/** What each principal requirement is about, in our words. */
export const pciHeads: Readonly<Record<string, string>> = {
  "1": "Network controls",
  "2": "Secure configurations",
  "3": "Stored account data",
  "4": "Card data on its way",
  "5": "Malicious software",
  "6": "Secure systems and software",
  "7": "Access by need to know",
  "8": "Who somebody is",
  "9": "Physical access",
  "10": "Logs, and who looks at them",
  "11": "Tests of security",
  "12": "Policies and people",
  A1: "Providers of several tenants",
};

const written: readonly Row[] = [
  ...networkRows,
  ...accountDataRows,
  ...softwareRows,
  ...accessRows,
  ...monitoringRows,
  ...organizationRows,
];

/** Rules that say of themselves that they show the requirement. */
const rulesOf = (no: string): readonly Where[] =>
  rules.filter(({ shows }) => shows.includes(`PCI ${no}`)).map(({ name }): Where => `rule: ${name}`);

/** Each requirement once, in the standard's order, with the rules that name it. */
export const pciRows: readonly Row[] = written
  .map((row) => ({ ...row, where: [...new Set([...rulesOf(row.no), ...row.where])] }))
  .toSorted((a, b) => pciNumbers.indexOf(a.no) - pciNumbers.indexOf(b.no));
