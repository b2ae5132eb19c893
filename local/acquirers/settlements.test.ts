import { describe, expect, it } from "vitest";
import {
  authorize,
  capture,
  refund,
  reversal,
  sandboxAcquirer,
  acquirerStart as start,
  voiding,
} from "#tests/support/acquirer-requests.ts";
import { mistakes } from "./mistakes.ts";
import { filesOf } from "./settlement-files.ts";
import { grossOf, totalsOf } from "./statement.ts";

const today = "2030-06-15";
const tomorrow = "2030-06-16";
const hourMs = 3_600_000;

/** An acquirer that takes 20 basis points, with one capture of 1000 and its refund of 250. */
function setUp() {
  const made = sandboxAcquirer({ costBp: 20 });
  const { acquirer } = made;
  for (const request of [authorize("a"), capture("c"), refund("r", 250)]) acquirer.execute(request);
  return { ...made, settlements: acquirer.settlements };
}

const movedOf = (statement: ReturnType<ReturnType<typeof setUp>["settlements"]["close"]>) =>
  statement?.movements.map((movement) => [movement.kind, movement.key, grossOf(movement), movement.cost]);

describe("a settlement", () => {
  it("holds what was captured and refunded, with what it cost", () => {
    const { settlements } = setUp();
    const statement = settlements.close(today);
    expect(movedOf(statement)).toEqual([
      ["capture", "c", 1_000, 2],
      ["refund", "r", -250, 0],
    ]);
    expect(totalsOf(statement?.movements ?? [])).toEqual([
      { currency: "EUR", movements: 2, gross: 750n, cost: 2n, net: 748n },
    ]);
  });

  it("has the mistakes that are asked for when it is closed, each of a capture of its own, and no others later", () => {
    const { acquirer } = sandboxAcquirer();
    for (const n of [1, 2, 3, 4, 5, 6, 7])
      for (const request of [authorize(`a${n}`), capture(`c${n}`, 1_000, `ref_${n}`)])
        acquirer.execute(request);
    const said = () =>
      movedOf(acquirer.settlements.close(today, mistakes))?.map(([, key, gross]) => `${key} ${gross}`);
    const expected = ["c2 1000", "c2 1000", "c3 1001", "c4 999", "c5 1000", "c6 1000"];
    expect(said()).toEqual([...expected, `pay_${"0".repeat(26)}:capture:1 1000`, "c7 1000"]);
    expect(acquirer.settlements.close(today)?.movements[4]?.currency).toBe("USD");
    expect(said()).toHaveLength(8);
  });

  it("holds nothing of what moved no money", () => {
    const { acquirer } = sandboxAcquirer();
    const requests = [
      authorize("a1"),
      voiding("v"),
      authorize("a2", "4000000000000002"),
      authorize("a3"),
      reversal("u", "a3"),
      authorize("a4"),
      capture("c", 1_001, "ref_3"),
      refund("r", 1, "ref_3"),
    ];
    for (const request of requests) acquirer.execute(request);
    expect(acquirer.settlements.close(today)?.movements).toEqual([]);
  });

  it("holds what was executed and never answered", () => {
    const { acquirer } = sandboxAcquirer();
    for (const request of [authorize("a", "4000000000005050"), capture("c")]) acquirer.execute(request);
    expect(movedOf(acquirer.settlements.close(today))).toEqual([["capture", "c", 1_000, 0]]);
  });

  it("never changes: what moves later that day is in the next one, once", () => {
    const { acquirer, settlements, time } = setUp();
    const first = settlements.close(today);
    time.now += hourMs;
    acquirer.execute(refund("r2", 10));
    expect(settlements.close(today)).toEqual(first);
    expect(movedOf(settlements.close(tomorrow))).toEqual([["refund", "r2", -10, 0]]);
    expect(settlements.close(today)).toEqual(first);
    expect(movedOf(settlements.close("2030-06-17"))).toEqual([]);
  });

  it("of an earlier day leaves out what moved after its end", () => {
    const { acquirer, settlements, time } = setUp();
    time.now = start + 24 * hourMs;
    acquirer.execute(refund("r2", 10));
    expect(movedOf(settlements.close(today))).toHaveLength(2);
    expect(movedOf(settlements.close(tomorrow))).toEqual([["refund", "r2", -10, 0]]);
  });

  it("rounds each cost half to even", () => {
    const { acquirer } = sandboxAcquirer({ costBp: 50 });
    const amounts = [100, 300, 500, 700, 299];
    amounts.forEach((amount, index) => {
      acquirer.execute(authorize(`a${amount}`));
      acquirer.execute(capture(`c${amount}`, amount, `ref_${index + 1}`));
    });
    const costs = acquirer.settlements.close(today)?.movements.map(({ cost }) => cost);
    // 0.5, 1.5, 2.5, 3.5 and 1.495 minor units.
    expect(costs).toEqual([0, 2, 2, 4, 1]);
  });

  it("whose movements are forgotten has no files any more", () => {
    const { acquirer } = sandboxAcquirer({ rememberedMax: 2 });
    for (const request of [authorize("a"), capture("c"), refund("r1", 1)]) acquirer.execute(request);
    expect(acquirer.settlements.close(today)?.movements).toHaveLength(2);
    acquirer.execute(refund("r2", 1));
    expect(acquirer.settlements.close(today)).toBeUndefined();
    expect(acquirer.settlements.file("alpha-2030-06-15.csv")).toBeUndefined();
  });
});

describe("the files of a settlement", () => {
  it("are found by their names once the day is closed", () => {
    const { settlements } = setUp();
    expect(settlements.file("alpha-2030-06-15.csv")).toBeUndefined();
    const statement = settlements.close(today);
    const files = statement === undefined ? [] : filesOf(statement);
    expect(files.map(({ name }) => name)).toEqual([
      "alpha-2030-06-15.csv",
      "alpha-2030-06-15-EUR.camt053.xml",
    ]);
    for (const file of files) expect(settlements.file(file.name)).toEqual(file);
    expect(settlements.file("alpha-2030-06-15-USD.camt053.xml")).toBeUndefined();
  });

  it("say the same as CSV, a line for each movement, in minor units", () => {
    const { settlements } = setUp();
    settlements.close(today);
    expect(settlements.file("alpha-2030-06-15.csv")?.content).toBe(
      [
        "settlement_date,acquirer,merchant,kind,operation_key,reference,dispute,currency,gross,cost,net,occurred_at",
        "2030-06-15,alpha,mer_demo,capture,c,ref_1,,EUR,1000,2,998,2030-06-15T00:00:00.000Z",
        "2030-06-15,alpha,mer_demo,refund,r,ref_1,,EUR,-250,0,-250,2030-06-15T00:00:00.000Z",
        "",
      ].join("\r\n"),
    );
  });

  it("quote what would break a line of CSV", () => {
    const { acquirer } = sandboxAcquirer();
    for (const request of [authorize("a"), capture('c",1')]) acquirer.execute(request);
    acquirer.settlements.close(today);
    expect(acquirer.settlements.file("alpha-2030-06-15.csv")?.content).toContain('capture,"c"",1",ref_1');
  });
});
