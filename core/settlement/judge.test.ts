import { describe, expect, test } from "vitest";
import { valued } from "#tests/support/valued.ts";
import { type LineFields, settlementLineOf } from "./judge.ts";

const fields: LineFields = {
  ...{ settledOn: "2030-06-15", acquirer: "alpha", merchant: "mer_demo", kind: "capture" },
  ...{ operationKey: "pay_x:capture:1", reference: "alpha_1", dispute: "", currency: "EUR" },
  ...{ gross: "1234", cost: "2", net: "1232", occurredAt: "2030-06-15T12:00:00.000Z" },
};

const reasonOf = (changed: Partial<LineFields>): string => {
  const line = settlementLineOf({ ...fields, ...changed }, 7);
  return line.ok ? "it is a line" : line.error;
};

test("a line is read with its place, and what it does not say is undefined", () => {
  const line = valued(settlementLineOf({ ...fields, merchant: "", operationKey: "", occurredAt: "" }, 7));
  expect(line).toEqual({
    ...{ place: 7, kind: "capture", settledOn: "2030-06-15", acquirer: "alpha", merchant: undefined },
    ...{ operationKey: undefined, reference: "alpha_1", dispute: undefined, currency: "EUR" },
    ...{ gross: 1234n, cost: 2n, occurredAt: undefined },
  });
});

describe("what fits its kind is a line", () => {
  // biome-ignore format: a table is read in rows
  test.each([
    { kind: "capture",             gross: "1000",             cost: "0",    net: "1000" },
    { kind: "capture",             gross: "1",                cost: "30",   net: "-29" },
    { kind: "capture",             gross: "1000000000000000", cost: "0",    net: "1000000000000000" },
    { kind: "refund",              gross: "-1000",            cost: "5",    net: "-1005" },
    { kind: "chargeback",          gross: "-1000000000000000", cost: "1",   net: "-1000000000000001" },
    { kind: "chargeback_reversal", gross: "1000",             cost: "0",    net: "1000" },
    { kind: "cost",                gross: "0",                cost: "1000", net: "-1000" },
  ])("$kind of $gross, cost $cost", (amounts) => {
    const { gross, cost } = valued(settlementLineOf({ ...fields, ...amounts }, 1));
    expect([gross, cost]).toEqual([BigInt(amounts.gross), BigInt(amounts.cost)]);
  });
});

// biome-ignore format: a table is read in rows
test.each<{ what: string; changed: Partial<LineFields>; reason: string }>([
  { what: "a day that no calendar has", changed: { settledOn: "2030-02-29" }, reason: 'the day of settlement, "2030-02-29"' },
  { what: "a month that no calendar has", changed: { settledOn: "2030-13-01" }, reason: "the day of settlement" },
  { what: "a day written otherwise",  changed: { settledOn: "15.06.2030" },   reason: "the day of settlement" },
  { what: "no day",                   changed: { settledOn: "" },             reason: "the day of settlement" },
  { what: "a moment for a day",       changed: { settledOn: "2030-06-15T00" }, reason: "the day of settlement" },
  { what: "no merchant's id",         changed: { merchant: "demo" },          reason: 'the merchant, "demo"' },
  { what: "an unknown kind",          changed: { kind: "payout" },            reason: 'the kind, "payout"' },
  { what: "what every object has",    changed: { kind: "constructor" },       reason: "the kind" },
  { what: "no acquirer",              changed: { acquirer: "" },              reason: "the acquirer is missing" },
  { what: "no reference",             changed: { reference: "" },             reason: "the reference is missing" },
  { what: "a long key",               changed: { operationKey: "k".repeat(141) }, reason: "the operation key is longer than 140" },
  { what: "an invisible character",   changed: { dispute: "dsp\u202e1" },     reason: "the dispute holds a character that nobody can see" },
  { what: "no currency",              changed: { currency: "XXX" },           reason: 'the currency, "XXX"' },
  { what: "a currency in small letters", changed: { currency: "eur" },        reason: 'the currency, "eur"' },
  { what: "a float",                  changed: { gross: "12.34" },            reason: "gross is no integer" },
  { what: "an exponent",              changed: { gross: "1e3" },              reason: "gross is no integer" },
  { what: "a hexadecimal",            changed: { gross: "0x10" },             reason: "gross is no integer" },
  { what: "blanks",                   changed: { gross: " 1234" },            reason: "gross is no integer" },
  { what: "no amount",                changed: { cost: "" },                  reason: "cost is no integer" },
  { what: "more than 10^15",          changed: { gross: "1000000000000001", net: "999999999999999" }, reason: "gross is no integer" },
  { what: "less than -10^15",         changed: { kind: "refund", gross: "-1000000000000001", net: "-1000000000000003" }, reason: "gross is no integer" },
  { what: "a net of letters",         changed: { net: "all" },                reason: "net is no integer" },
  { what: "a net that is none",       changed: { net: "1231" },               reason: "net is 1231, and gross less cost 1232" },
  { what: "a negative cost",          changed: { cost: "-2", net: "1236" },   reason: "the cost is negative" },
  { what: "a capture that takes",     changed: { gross: "-1234", net: "-1236" }, reason: "a capture cannot have a gross of -1234" },
  { what: "a capture of nothing",     changed: { gross: "0", net: "-2" },     reason: "a capture cannot" },
  { what: "a refund that gives",      changed: { kind: "refund" },            reason: "a refund cannot" },
  { what: "a chargeback that gives",  changed: { kind: "chargeback" },        reason: "a chargeback cannot" },
  { what: "a reversal that takes",    changed: { kind: "chargeback_reversal", gross: "-1234", net: "-1236" }, reason: "a chargeback_reversal cannot" },
  { what: "a cost with a gross",      changed: { kind: "cost" },              reason: "a cost cannot" },
  { what: "a cost of nothing",        changed: { kind: "cost", gross: "0", cost: "0", net: "0" }, reason: "a cost cannot" },
  { what: "a moment without a zone",  changed: { occurredAt: "2030-06-15T12:00:00" }, reason: "the moment" },
  { what: "a moment of no calendar",  changed: { occurredAt: "2030-02-30T12:00:00Z" }, reason: "the moment" },
  { what: "an hour of no clock",      changed: { occurredAt: "2030-06-15T25:00:00Z" }, reason: "the moment" },
])("$what is refused: $reason", ({ changed, reason }) => {
  expect(reasonOf(changed)).toContain(reason);
});

test.each(["2032-02-29", "2000-02-29", "2030-12-31", "2030-01-01"])("%s is a day", (settledOn) => {
  expect(reasonOf({ settledOn })).toBe("it is a line");
});

test.each(["2100-02-29", "2030-04-31", "2030-06-00", "2030-00-15"])("%s is none", (settledOn) => {
  expect(reasonOf({ settledOn })).toContain("the day of settlement");
});

test("a moment in another zone is the same moment", () => {
  const { occurredAt } = valued(settlementLineOf({ ...fields, occurredAt: "2030-06-15T14:00:00+02:00" }, 1));
  expect(occurredAt).toBe(Date.UTC(2030, 5, 15, 12));
});

test("a reason shows no more than forty characters of what was there", () => {
  expect(reasonOf({ currency: "€".repeat(100_000) }).length).toBeLessThan(100);
});
