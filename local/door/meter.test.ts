import { expect, test } from "vitest";
import { Meter, type Usage } from "./meter.ts";

const post = { caller: "PostTask", action: "TransactWriteItems" };
const writes = (resource: string, quantity: number): Usage => ({
  service: "dynamodb",
  unit: "write_units",
  resource,
  quantity,
});

test("what is alike is added up, in all and by request; nothing is no line", () => {
  const meter = new Meter();
  meter.add([writes("payments", 2), writes("ledger", 2)], post, "1-a");
  meter.add([writes("payments", 2), writes("payments/by_time", 0)], post, "1-b");
  expect(meter.totals()).toEqual([
    { ...post, ...writes("payments", 4) },
    { ...post, ...writes("ledger", 2) },
  ]);
  expect(meter.ofTrace("1-b")).toEqual([{ ...post, ...writes("payments", 2) }]);
  expect(meter.ofTrace("1-c")).toEqual([]);
});

test("the latest 2,000 requests are remembered, and the totals of all", () => {
  const meter = new Meter();
  for (let n = 0; n <= 2_000; n += 1) meter.add([writes("payments", 1)], post, `1-${n}`);
  expect(meter.ofTrace("1-0")).toEqual([]);
  expect(meter.ofTrace("1-1")).toHaveLength(1);
  expect(meter.totals()).toEqual([{ ...post, ...writes("payments", 2_001) }]);
});

test("resources without end become one line, and none of their units is lost", () => {
  const meter = new Meter();
  for (let n = 0; n < 10_100; n += 1) meter.add([writes(`table-${n}`, 1)], post);
  const lines = meter.totals();
  expect(lines).toHaveLength(10_001);
  expect(lines.at(-1)).toMatchObject({ resource: "(others)", quantity: 100 });
});
