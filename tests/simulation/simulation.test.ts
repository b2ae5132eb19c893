import "./quiet.ts";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type FaultKind, faultKinds } from "./faults.ts";
import { functionNames, timeoutSeconds } from "./functions.ts";
import { type History, simulate } from "./history.ts";
import { explain } from "./report.ts";

/**
 * About 25 s of an idle core, and more than a minute on a machine that has other things to do. `npm run simulate --
 * --histories N` runs more, from another seed each time.
 */
const histories = 1_600;

describe(`${histories} histories of merchants' payments`, () => {
  const struck = new Set<FaultKind>();
  const ends = new Set<string>();
  const disputes = new Set<string>();

  test("break no invariant", async () => {
    for (let seed = 1; seed <= histories; seed += 1) {
      const history = await simulate(seed);
      for (const kind of history.struck.keys()) struck.add(kind);
      for (const end of history.ends) ends.add(end);
      for (const end of history.disputes) disputes.add(end);
      if (history.finding !== undefined) expect.fail(await explain(history));
    }
  });

  test("meet every kind of fault", () => {
    expect([...struck].toSorted()).toEqual(Object.keys(faultKinds).toSorted());
  });

  test("end in every state that ends, and in the one that a person ends", () => {
    expect([...ends].toSorted()).toEqual(
      ["canceled", "captured", "declined", "expired", "failed", "in_review", "settled"].toSorted(),
    );
  });

  test("end their disputes in every way that one ends", () => {
    expect([...disputes].toSorted()).toEqual([
      ...["lost: accepted", "lost: decided", "lost: no_evidence", "won"],
    ]);
  });
});

const summaryOf = ({ events, ends, struck, lines }: History) => ({
  events,
  ends,
  struck: [...struck],
  lines: lines(undefined),
});

test("a seed is one history, whatever ran before it", async () => {
  const first: unknown[] = [];
  for (let seed = 100; seed < 120; seed += 1) first.push(summaryOf(await simulate(seed)));
  for (let seed = 119; seed >= 100; seed -= 1)
    expect(summaryOf(await simulate(seed))).toEqual(first[seed - 100]);
});

test("without faults, each payment is what its card makes of it, and nobody has to look", async () => {
  const without = new Set(Object.keys(faultKinds) as FaultKind[]);
  const ends = new Set<string>();
  for (let seed = 1; seed <= 100; seed += 1) {
    const history = await simulate(seed, { without });
    expect(history.finding).toBeUndefined();
    expect([...history.struck]).toEqual([]);
    for (const end of history.ends) ends.add(end);
  }
  expect(ends).not.toContain("in_review");
  expect(ends).toContain("captured");
});

test("simulated functions have the time that the estate gives them", () => {
  const { resources } = JSON.parse(readFileSync("stacks/estate.local.lock.json", "utf8")) as {
    readonly resources: readonly {
      readonly handler?: string;
      readonly inputs: { readonly timeout?: number };
    }[];
  };
  const planned = functionNames.map((name) => {
    const found = resources.find(({ handler }) => handler === `functions/tasks/${name}.handler`);
    return [name, found?.inputs.timeout];
  });
  expect(Object.fromEntries(planned)).toEqual(timeoutSeconds);
});
