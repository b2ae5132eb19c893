import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import fc from "fast-check";
import { expect, test } from "vitest";
import { foldLinesMax, foldOn, nothingFolded, type ShardFold } from "#core/ledger/shard-fold.ts";
import { journals } from "#tests/support/arbitraries/ledger.ts";
import { type FoldItem, foldItem, shardFold } from "./fold-codec.ts";
import { foldKey } from "./keys.ts";

const key = foldKey("mer_demo#journal#07");

test("a fold lies beside its book's others, under the shard that it is of", () => {
  expect(key).toEqual({ pk: "mer_demo#fold", sk: "07" });
});

test("a fold comes back as it was written, sums beyond 2^53 too", () => {
  fc.assert(
    fc.property(journals({ holds: "any" }), (records) => {
      const folded = foldOn(
        nothingFolded,
        records.map((record, index) => ({ record, sequence: String(index + 1) })),
      );
      expect(shardFold(unmarshall(marshall(foldItem(key, folded))) as FoldItem)).toStrictEqual(folded);
    }),
    { numRuns: 50 },
  );
});

test("a fold of as many lines as there may be is one item", () => {
  const most = 10n ** 20n;
  const counters = { debitsPosted: most, debitsPending: most, creditsPosted: most, creditsPending: most };
  const lines = Array.from({ length: foldLinesMax }, (_, n) => [
    `mer_demo:1100:acquirer-${n}:USD`,
    { currency: "USD", ...counters },
  ]);
  const fold = { watermark: "9".repeat(40), records: 1, newestAt: 1, lines: new Map(lines as []) };
  // DynamoDB takes names as they are, and half a byte for each digit: JSON is more than that.
  const bytes = Buffer.byteLength(
    JSON.stringify(foldItem(key, fold as ShardFold), (_key, value) =>
      typeof value === "bigint" ? value.toString().slice(0, value.toString().length / 2) : value,
    ),
  );
  expect(bytes).toBeLessThan(400 * 1_024);
});
