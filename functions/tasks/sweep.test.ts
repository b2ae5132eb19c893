import { expect, test } from "vitest";
import type { Book } from "#core/ledger/account.ts";
import { type Sweep, sweep } from "./sweep.ts";

const [a, b, c] = ["mer_a", "mer_b", "mer_c"] as Book[] as [Book, Book, Book];

/** What was ended, in order, and which books failed. `pages` by book; an Error is a query that fails. */
async function swept(
  pages: Readonly<Record<string, readonly (readonly string[] | Error)[]>>,
  more: Partial<Sweep<string>> = {},
) {
  const ended: string[] = [];
  const failed: string[] = [];
  const sweeping = sweep<string>(Object.keys(pages) as Book[], {
    due: async function* (book) {
      for (const page of pages[book] ?? []) {
        if (page instanceof Error) throw page;
        yield page;
      }
    },
    end: async (_book, due) => {
      ended.push(due);
    },
    mayGoOn: () => true,
    failed: (book) => failed.push(book),
    random: () => 0,
    ...more,
  });
  const thrown = await sweeping.then(
    () => undefined,
    (error: Error) => error.message,
  );
  return { ended, failed, thrown };
}

/** Time for so many. */
const timeFor = (count: number) => {
  let left = count;
  return {
    mayGoOn: () => left > 0,
    spend: () => {
      left -= 1;
    },
  };
};

test("goes on, page by page of each book in turn, until nothing is left", async () => {
  const { ended, thrown } = await swept({
    [a]: [["a1", "a2"], ["a3"], ["a4"]],
    [b]: [["b1"], ["b2"]],
    [c]: [],
  });
  expect(ended).toEqual(["a1", "a2", "b1", "a3", "b2", "a4"]);
  expect(thrown).toBeUndefined();
});

test("a book that cannot be read keeps no other, and fails the sweep at its end", async () => {
  const { ended, failed, thrown } = await swept({
    [a]: [new Error("throttled")],
    [b]: [["b1"], new Error("throttled"), ["b2"]],
    [c]: [["c1"], ["c2"], ["c3"]],
  });
  expect(ended).toEqual(["b1", "c1", "c2", "c3"]);
  expect(failed).toEqual([a, b]);
  expect(thrown).toBe("the sweep could not read mer_a, mer_b");
});

test("ends in time, in the middle of a page too", async () => {
  const time = timeFor(3);
  const ended: string[] = [];
  await swept(
    { [a]: [["a1", "a2"], ["a3"]], [b]: [["b1", "b2"]] },
    {
      mayGoOn: time.mayGoOn,
      end: async (_book, due) => {
        ended.push(due);
        time.spend();
      },
    },
  );
  expect(ended).toEqual(["a1", "a2", "b1"]);
});

test.each([
  [0, ["a1", "b1", "c1"]],
  [0.34, ["b1", "c1", "a1"]],
  [0.99, ["c1", "a1", "b1"]],
])("begins anywhere: at %d", async (at, order) => {
  const { ended } = await swept({ [a]: [["a1"]], [b]: [["b1"]], [c]: [["c1"]] }, { random: () => at });
  expect(ended).toEqual(order);
});
