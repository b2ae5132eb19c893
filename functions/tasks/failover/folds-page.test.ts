import { expect, test } from "vitest";
import { parseEpoch } from "#adapters/dynamodb/fence.ts";
import { journalPartition, journalShards } from "#adapters/dynamodb/keys.ts";
import type { Book } from "#core/ledger/account.ts";
import type { PassInput, PassOutput } from "#workflows/failover/contract.ts";
import { recountFolds } from "./folds-page.ts";
import { goThrough } from "./pass.ts";

const epoch = parseEpoch("2");
const segments = 3;
const books = Array.from({ length: 20 }, (_, n) => `mer_${n}` as Book);
const allShards = (of: readonly Book[]) =>
  of.flatMap((book) => Array.from({ length: journalShards }, (_, shard) => journalPartition(book, shard)));

/** Merchants, and what was asked of them and of their folds. */
function aStage(merchants: readonly Book[]) {
  const counted: string[] = [];
  const stage = { merchants: [...merchants], listed: 0, counted };
  const page = recountFolds({
    books: async () => {
      stage.listed += 1;
      return stage.merchants;
    },
    takeOver: { epoch, recordsBefore: async function* () {} },
    folds: {
      recount: async (journalPk) => {
        counted.push(journalPk);
        return undefined;
      },
    },
  });
  /** One call of the task: so many pages, and where it stopped. */
  const call = (segment: number, cursor: string | null, pages: number): Promise<PassOutput> => {
    const where: PassInput = { segment, segments, cursor, since: 0, began: 0, execution: "failover" };
    let left = pages;
    const mayGoOn = () => {
      left -= 1;
      return left > 0;
    };
    return goThrough(page, { keep: async () => undefined }, where, mayGoOn);
  };
  return { stage, call };
}

/** Calls until each segment is at its end. */
async function throughAll(call: ReturnType<typeof aStage>["call"], pages: number): Promise<number> {
  let calls = 0;
  for (let segment = 0; segment < segments; segment += 1) {
    let cursor: string | null = null;
    do {
      ({ cursor } = await call(segment, cursor, pages));
      calls += 1;
    } while (cursor !== null);
  }
  return calls;
}

test("each shard of each book is counted once, whatever the segments and wherever a call stops", async () => {
  for (const pages of [1, 7, 1_000]) {
    const { stage, call } = aStage(books);
    await throughAll(call, pages);
    expect(stage.counted.toSorted()).toEqual(allShards(books).toSorted());
  }
});

test("merchants are listed once a call, however many shards it counts", async () => {
  const { stage, call } = aStage(books);
  const calls = await throughAll(call, 50);
  expect(calls).toBeLessThan(20);
  expect(stage.listed).toBe(calls);
});

test("a merchant that comes or goes between two calls makes none of the others be left out, or be counted twice", async () => {
  for (const change of ["comes", "goes"]) {
    const { stage, call } = aStage(books);
    const stopped = await Promise.all([0, 1, 2].map((segment) => call(segment, null, 40)));
    // Before all others, by its name.
    stage.merchants = change === "comes" ? ["mer_" as Book, ...books] : books.slice(1);
    for (const [segment, { cursor }] of stopped.entries())
      if (cursor !== null) await call(segment, cursor, 1_000);
    const others = stage.counted.filter((each) => allShards(books.slice(1)).includes(each));
    expect(others.toSorted()).toEqual(allShards(books.slice(1)).toSorted());
  }
});

test.each([
  ["with the shard that the last one named", "mer_c 14", ["mer_c#journal#14", "mer_c#journal#15"]],
  ["with the next book, where that one is gone", "mer_b 14", allShards(["mer_c" as Book])],
])("a call goes on %s", async (_what, cursor, expected) => {
  const { stage, call } = aStage(["mer_a", "mer_c"] as Book[]);
  for (let segment = 0; segment < segments; segment += 1) await call(segment, cursor, 1_000);
  expect(stage.counted).toEqual(expected);
});
