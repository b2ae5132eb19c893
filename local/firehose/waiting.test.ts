import { expect, test } from "vitest";
import { Waiting } from "./waiting.ts";

const record = (bytes: number) => ({
  ...{ shardId: "s", sequenceNumber: "1", at: 0 },
  data: new Uint8Array(bytes),
});
const waiting = () => new Waiting({ bufferBytesMax: 10, bufferMsMax: 1_000 });

test("nothing is due while there is nothing", () => {
  expect(waiting().dueIn(5_000)).toBeUndefined();
});

test("the first record's time decides, not that of a later one", () => {
  const some = waiting();
  some.add([record(1)], 100);
  some.add([record(1)], 900);
  some.add([], 950);
  expect(some.dueIn(1_000)).toBe(100);
  expect(some.dueIn(1_100)).toBe(0);
  expect(some.dueIn(9_000)).toBe(0);
});

test("the size decides where it is reached before the time", () => {
  const some = waiting();
  some.add([record(4), record(5)], 0);
  expect([some.isFull, some.dueIn(0)]).toEqual([false, 1_000]);
  some.add([record(1)], 0);
  expect([some.isFull, some.dueIn(0)]).toEqual([true, 0]);
});

test("after a delivery the time begins with the next record", () => {
  const some = waiting();
  some.add([record(10)], 0);
  some.clear();
  expect([some.records.length, some.isFull, some.dueIn(5_000)]).toEqual([0, false, undefined]);
  some.add([record(1)], 6_000);
  expect(some.dueIn(6_000)).toBe(1_000);
});
