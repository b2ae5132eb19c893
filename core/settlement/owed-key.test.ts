import { expect, test } from "vitest";
import { disputeIdOf } from "../disputes/ids.ts";
import { owedKeyOf } from "./owed-key.ts";

const key = "pay_x:capture:1";
const dispute = disputeIdOf("alpha", "case-1");

// biome-ignore format: a table is read in rows
test.each([
  { what: "a capture", kind: "capture" as const, of: undefined, owed: key },
  { what: "a refund", kind: "refund" as const, of: undefined, owed: key },
  { what: "a chargeback", kind: "chargeback" as const, of: "case-1", owed: `${dispute}:chargeback` },
  { what: "its return", kind: "chargeback_reversal" as const, of: "case-1", owed: `${dispute}:chargeback_won` },
  { what: "a chargeback of no dispute", kind: "chargeback" as const, of: undefined, owed: undefined },
])("$what is known by what its acquirer names, and never a chargeback by its capture", ({ kind, of, owed }) => {
  expect(owedKeyOf({ kind, acquirer: "alpha", dispute: of, operationKey: key })).toBe(owed);
});

test("two acquirers that name a dispute alike name two", () => {
  const line = { kind: "chargeback", dispute: "case-1", operationKey: undefined } as const;
  expect(owedKeyOf({ ...line, acquirer: "alpha" })).not.toBe(owedKeyOf({ ...line, acquirer: "beta" }));
});
