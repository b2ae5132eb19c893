import { createSecretKey } from "node:crypto";
import { expect, test } from "vitest";
import type { Card } from "../acquiring/port.ts";
import { fingerprintOf, requestDigestOf } from "./digests.ts";

const demoKey = createSecretKey(Buffer.alloc(32, 1));
const otherKey = createSecretKey(Buffer.alloc(32, 2));
const card: Card = { number: "4242424242424242", expMonth: 12, expYear: 2030, holderName: "Ada" };

test("a number has one fingerprint at one merchant, and another at the next", () => {
  expect(fingerprintOf(card, demoKey)).toMatch(/^[0-9a-z]{26}$/);
  expect(fingerprintOf({ number: card.number }, demoKey)).toBe(fingerprintOf(card, demoKey));
  expect(fingerprintOf(card, otherKey)).not.toBe(fingerprintOf(card, demoKey));
  expect(fingerprintOf({ number: "5555555555554444" }, demoKey)).not.toBe(fingerprintOf(card, demoKey));
});

test.each<[string, Card]>([
  ["number", { ...card, number: "5555555555554444" }],
  ["month", { ...card, expMonth: 11 }],
  ["year", { ...card, expYear: 2031 }],
  ["name", { ...card, holderName: "Bea" }],
  ["lack of a name", { number: card.number, expMonth: 12, expYear: 2030 }],
])("another %s is another request", (_what, changed) => {
  expect(requestDigestOf(changed, demoKey)).not.toBe(requestDigestOf(card, demoKey));
});

test("the same card is the same request, and a request never looks like a fingerprint", () => {
  expect(requestDigestOf({ ...card }, demoKey)).toBe(requestDigestOf(card, demoKey));
  expect(requestDigestOf(card, demoKey)).not.toBe(fingerprintOf(card, demoKey));
});
