import { expect, test } from "vitest";
import { day, examplePayment, noon } from "#tests/support/examples.ts";
import { valued } from "#tests/support/valued.ts";
import { liftHold, placeHold, placingsMax, stands } from "./legal-hold.ts";

const payment = examplePayment();
const placed = { by: "ops-1", at: noon, reason: "case 4711" };
const lifted = { by: "ops-2", at: noon + day, reason: "case 4711 is closed" };

test("stands from its placing to its lifting, and what was held is remembered", () => {
  const hold = valued(placeHold(payment, undefined, placed));
  expect(stands(hold)).toBe(true);
  const over = valued(liftHold(hold, lifted));
  expect(stands(over)).toBe(false);
  expect(over).toMatchObject({ version: 2, placings: [{ placed, lifted }] });
  const again = valued(placeHold(payment, over, placed));
  expect(again).toMatchObject({ version: 3, placings: [{ placed, lifted }, { placed }] });
  expect(stands(again)).toBe(true);
  expect(stands(undefined)).toBe(false);
});

test("is placed once, and lifted only where it stands", () => {
  const hold = valued(placeHold(payment, undefined, placed));
  expect(placeHold(payment, hold, lifted)).toMatchObject({ error: { code: "already_held", since: placed } });
  expect(liftHold(undefined, lifted)).toMatchObject({ error: { code: "not_held" } });
  const over = valued(liftHold(hold, lifted));
  expect(liftHold(over, lifted)).toMatchObject({ error: { code: "not_held" } });
});

test("is not placed without end", () => {
  let hold = valued(placeHold(payment, undefined, placed));
  for (let n = 1; n < placingsMax; n += 1)
    hold = valued(placeHold(payment, valued(liftHold(hold, lifted)), placed));
  expect(placeHold(payment, valued(liftHold(hold, lifted)), placed)).toMatchObject({
    error: { code: "too_many_holds" },
  });
});
