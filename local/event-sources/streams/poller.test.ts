import { afterEach, beforeEach, expect, test } from "vitest";
import { functionArn, functionResource, planOf, resource } from "#tests/support/handmade-plan.ts";
import { functionsOf } from "../../lambda/function-definition.ts";
import { VirtualClock } from "../../stepfunctions/testing/virtual-clock.ts";
import { eventSourceMappingsOf } from "../mapping.ts";
import { Checkpoints } from "./checkpoints.ts";
import { StreamPoller } from "./poller.ts";
import type { StreamPage, StreamSource } from "./source.ts";

const idleMsMax = 10_000;
const plan = planOf([
  functionResource("reader", "lambda-functions.echo"),
  resource("aws:lambda/eventSourceMapping:EventSourceMapping", "Reads", {
    eventSourceArn: "arn:aws:kinesis:eu-west-1:123456789012:stream/events",
    functionName: functionArn("reader"),
    startingPosition: "TRIM_HORIZON",
  }),
]);

let clock: VirtualClock;
let readsAt: number[];
let duringRead: () => void;
let page: StreamPage;
let poller: StreamPoller;

beforeEach(() => {
  clock = new VirtualClock();
  readsAt = [];
  duringRead = () => undefined;
  page = { records: [], next: "i" };
  const source: StreamSource = {
    describe: async () => ({ incarnation: "1", shards: [{ shardId: "s", parentIds: [] }] }),
    open: async () => "i",
    read: async () => {
      readsAt.push(clock.now());
      duringRead();
      return page;
    },
    idleMsMax: 1_000,
    readMsMin: 0,
  };
  const [mapping] = eventSourceMappingsOf(plan, functionsOf(plan));
  if (mapping === undefined || mapping.kind === "queue") throw new Error("the plan maps a stream");
  poller = new StreamPoller(mapping, source, new Checkpoints(undefined), {
    clock,
    idleMsMax,
    newId: () => "id",
    invoke: () => Promise.reject(new Error("there is nothing to invoke it with")),
    tellFailure: async () => undefined,
    warn: (line) => expect.fail(line),
  });
  poller.start();
});
afterEach(() => poller.stop());

test("a stream in which nothing happens is looked at ever more rarely, as rarely as it may be", async () => {
  await clock.advance(60_000);
  const [last = 0, before = 0] = readsAt.toReversed();
  expect(last - before).toBe(idleMsMax);
  expect(readsAt.length).toBeLessThan(20);
});

test("a write is looked for at once", async () => {
  await clock.advance(60_000);
  const looks = readsAt.length;
  poller.wake();
  await clock.advance(20);
  expect(readsAt).toHaveLength(looks + 1);
});

test("a write while a look is under way, which may have missed it, makes for another look", async () => {
  await clock.advance(60_000);
  duringRead = () => {
    duringRead = () => undefined;
    poller.wake();
  };
  const looks = readsAt.length;
  await clock.advance(idleMsMax + 20);
  expect(readsAt).toHaveLength(looks + 2);
});

test("a read that the shard refused, because others read it too, is made again soon", async () => {
  await clock.advance(60_000);
  page = { ...page, refused: true };
  poller.wake();
  await clock.advance(20);
  const looks = readsAt.length;
  await clock.advance(1_000);
  expect(readsAt).toHaveLength(looks + 4);
});
