import { expect, test } from "vitest";
import { newTraceRoot, traceHeader } from "./variables.ts";

const atMs = Date.UTC(2026, 2, 2, 9, 3, 58);

test("a trace header keeps its caller's root, wherever it stands", () => {
  const root = "1-69a55a2e-0123456789abcdef01234567";
  for (const caller of [`Root=${root}`, `Self=1-2-3;Root=${root};Sampled=1`, `Sampled=1; Root=${root}`]) {
    expect(traceHeader(caller, atMs)).toMatch(new RegExp(`^Root=${root};Parent=[0-9a-f]{16};Sampled=0$`));
  }
});

test("a trace header without a root, or with one that is none, begins a trace at the time it is", () => {
  for (const caller of [undefined, "", "Root=1-2-3", "Root=1-69a55a2e-0123456789abcdef01234567x"]) {
    expect(traceHeader(caller, atMs)).toMatch(/^Root=1-69a5527e-[0-9a-f]{24};/);
  }
  expect(newTraceRoot(0)).toMatch(/^1-00000000-[0-9a-f]{24}$/);
});
