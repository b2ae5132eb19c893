import { expect, test } from "vitest";
import { admit } from "./admit.ts";

// biome-ignore format: a table is read in rows
test.each<[what: string, epoch: number, latest: Parameters<typeof admit>[1], expected: string]>([
  ["the first region, that nobody left",      1, undefined,                    "region_is_open"],
  ["the second region, for the first time",   2, undefined,                    "begins"],
  ["one whose failover did not come to its end", 2, { epoch: 2, state: "begun" }, "goes_on"],
  ["one that has taken over",                 2, { epoch: 2, state: "open" },  "region_is_open"],
  ["the region that was left, as it was",     1, { epoch: 2, state: "open" },  "epoch_is_not_later"],
  ["the region that was left, while the other begins", 1, { epoch: 2, state: "begun" }, "epoch_is_not_later"],
  ["the region that was left, deployed anew", 3, { epoch: 2, state: "open" },  "begins"],
  ["over a failover that never ended",        3, { epoch: 2, state: "begun" }, "begins"],
])("%s: %s", (_what, epoch, latest, expected) => {
  const admitted = admit(epoch, latest);
  expect(admitted.ok ? admitted.value : admitted.error.code).toBe(expected);
});
