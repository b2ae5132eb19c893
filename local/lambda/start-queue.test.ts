import { expect, test } from "vitest";
import { StartQueue } from "./start-queue.ts";

test("starts run a few at a time, first come first served, and a failed one gives its place on", async () => {
  const queue = new StartQueue(2);
  const begun: string[] = [];
  const finish = new Map<string, (thrown?: Error) => void>();
  const start = (name: string) =>
    queue.run(
      () =>
        new Promise<string>((resolve, reject) => {
          begun.push(name);
          finish.set(name, (thrown) => (thrown === undefined ? resolve(name) : reject(thrown)));
        }),
    );
  const starts = ["a", "b", "c", "d"].map((name) => start(name).catch((thrown: Error) => thrown.message));
  await Promise.resolve();
  expect(begun).toEqual(["a", "b"]);
  finish.get("b")?.(new Error("b failed"));
  expect(await starts[1]).toBe("b failed");
  expect(begun).toEqual(["a", "b", "c"]);
  finish.get("a")?.();
  await starts[0];
  expect(begun).toEqual(["a", "b", "c", "d"]);
  finish.get("c")?.();
  finish.get("d")?.();
  expect(await Promise.all(starts)).toEqual(["a", "b failed", "c", "d"]);
});
