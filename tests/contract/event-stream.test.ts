import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EventStream } from "#adapters/kinesis/event-stream.ts";
import { type PublishedEvent, publishedEvent } from "#core/events/payment-event.ts";
import type { PaymentId } from "#core/payments/ids.ts";
import { KinesisEngine } from "#local/kinesis/engine.ts";
import { Stream } from "#local/kinesis/stream.ts";
import { streamPlansOf } from "#local/kinesis/stream-plan.ts";
import { type EngineDoor, openEngineDoor } from "#tests/support/engine-door.ts";
import { exampleEvent } from "#tests/support/example-events.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";

const StreamName = "payment-events";
const [plan] = streamPlansOf(
  planOf([resource("aws:kinesis/stream:Stream", "PaymentEvents", { name: StreamName, shardCount: 1 })]),
);
if (plan === undefined) throw new Error("the plan has its stream");

/** A shard takes 1 MiB and 1,000 records in one second of this clock. */
let now: number;
let directory: string;
let engine: KinesisEngine;
let door: EngineDoor;
let kinesis: KinesisClient;
/** Waits between calls, as the adapter asked for them. */
let pauses: number[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-event-stream-"));
  now = Date.UTC(2030, 0, 1);
  engine = new KinesisEngine([new Stream(plan, join(directory, "stream.jsonl"), () => now)], () => now);
  door = await openEngineDoor(engine);
  kinesis = new KinesisClient({ ...door.client, requestHandler: new NodeHttpHandler() });
  pauses = [];
});
afterEach(async () => {
  kinesis.destroy();
  engine.stop();
  await door.stop();
  rmSync(directory, { recursive: true });
});

/** A stream whose shard has room again after `busyPauses` waits. */
const streamBusyFor = (busyPauses: number): EventStream =>
  new EventStream(kinesis, StreamName, async (ms) => {
    pauses.push(ms);
    if (pauses.length >= busyPauses) now += 1_000;
  });

const kib = 1_024;

const event = (payment: string, version: number, bytes = 0): PublishedEvent =>
  exampleEvent({ id: `pay_${payment}` as PaymentId, version, metadata: { note: "x".repeat(bytes) } });

const nameOf = ({ data, sequence }: PublishedEvent): string => `${data.id} ${sequence}`;

/** What readers of the shard get, in order. */
async function published(): Promise<string[]> {
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: "shardId-000000000000",
      ShardIteratorType: "TRIM_HORIZON",
    }),
  );
  const { Records = [] } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
  return Records.map(({ Data, PartitionKey }) => {
    const read = publishedEvent.parse(JSON.parse(Buffer.from(Data ?? []).toString()));
    expect(PartitionKey).toBe(read.data.id);
    return nameOf(read);
  });
}

const calls = (): number => door.log.recent().filter(({ action }) => action === "PutRecords").length;

describe("events are put on the stream", () => {
  test("in one call and in their order", async () => {
    const events = [event("a", 1), event("b", 1), event("a", 2), event("a", 3)];
    expect(await streamBusyFor(0).publish(events)).toBe(4);
    expect(await published()).toEqual(["pay_a 1", "pay_b 1", "pay_a 2", "pay_a 3"]);
    expect(calls()).toBe(1);
  });

  test("of a payment again from the first that was refused, and of the others once", async () => {
    const events = [
      event("a", 1),
      event("b", 1, 600 * kib),
      // There is no room for this one, and there is for what comes behind it.
      event("a", 2, 500 * kib),
      event("b", 2),
      event("a", 3),
    ];
    expect(await streamBusyFor(1).publish(events)).toBe(5);
    expect(await published()).toEqual(["pay_a 1", "pay_b 1", "pay_b 2", "pay_a 3", "pay_a 2", "pay_a 3"]);
    expect(pauses).toEqual([100]);
  });

  test("as far as a shard takes them, four times at most, and it is told how far that was", async () => {
    const events = [event("a", 1, 900 * kib), event("b", 1), event("c", 1, 500 * kib), event("d", 1)];
    expect(await streamBusyFor(9).publish(events)).toBe(2);
    expect(calls()).toBe(4);
    expect(pauses).toEqual([100, 200, 400]);
    // What lies behind the first that is missing comes again with it: none is there without those before it counting.
    expect(await published()).toEqual(["pay_a 1", "pay_b 1", "pay_d 1"]);
  });

  test("by 500 at a time, and no more once one of them is missing", async () => {
    const events = Array.from({ length: 1_300 }, (_, n) => event(`p${n}`, 1));
    expect(await streamBusyFor(9).publish(events)).toBe(1_000);
    expect(calls()).toBe(2 + 4);
    expect(await published()).toHaveLength(1_000);
  });

  test("by nobody when there are none", async () => {
    expect(await streamBusyFor(0).publish([])).toBe(0);
    expect(calls()).toBe(0);
  });
});
