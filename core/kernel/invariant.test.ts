import { expect, test } from "vitest";
import { absurd, InvariantViolation, invariant } from "./invariant.ts";

test("what holds passes in silence", () => {
  expect(() => invariant(true, "one is one")).not.toThrow();
});

test("what does not hold throws, in the words of the rule that broke", () => {
  expect(() => invariant(false, "one is two")).toThrow(new InvariantViolation("one is two"));
});

test("a variant that slipped past the compiler throws instead of passing for another", () => {
  const slipped = { kind: "novel" } as never;

  expect(() => absurd(slipped)).toThrow(new InvariantViolation('unhandled variant {"kind":"novel"}'));
});
