import type { Row } from "../row.ts";
import { commonRows } from "./common.ts";
import { moreRows } from "./more.ts";

/** What each series is about, in our words. */
export const soc2Heads: Readonly<Record<string, string>> = {
  CC1: "Control environment",
  CC2: "Information and communication",
  CC3: "Risk assessment",
  CC4: "Monitoring of controls",
  CC5: "Control activities",
  CC6: "Logical and physical access",
  CC7: "Operation of the system",
  CC8: "Changes",
  CC9: "Risks of disruption and of others",
  A1: "Availability",
  C1: "Confidentiality",
  PI1: "Processing integrity",
};

/** How many criteria each series has: Trust Services Criteria of 2017, which the points of focus of 2022 leave as they are. */
export const soc2Counts: Readonly<Record<string, number>> = {
  ...{ CC1: 5, CC2: 3, CC3: 4, CC4: 2, CC5: 3, CC6: 8, CC7: 5, CC8: 1, CC9: 2 },
  ...{ A1: 3, C1: 2, PI1: 5 },
};

export const soc2Rows: readonly Row[] = [...commonRows, ...moreRows];
