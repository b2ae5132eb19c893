import { join } from "node:path";
import {
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  PutRecordCommand,
  type Shard,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterEach, beforeEach, expect } from "vitest";
import { KinesisEngine } from "#local/kinesis/engine.ts";
import { Stream } from "#local/kinesis/stream.ts";
import { streamPlansOf } from "#local/kinesis/stream-plan.ts";
import { type EngineDoor, openEngineDoor } from "./engine-door.ts";
import { stateDirectory } from "./engine-state.ts";
import { planOf, resource } from "./handmade-plan.ts";

export interface RunningStreams {
  readonly kinesis: KinesisClient;
  readonly door: EngineDoor;
  /** Moves the clock on, which begins on 1 January 2030. */
  pass(ms: number): void;
  /** The same streams in a new process, so to say. The old ones are of no use any more. */
  restart(): Promise<RunningStreams>;
  put(StreamName: string, text: string, ExplicitHashKey?: bigint): Promise<unknown>;
  shards(StreamName: string): Promise<readonly Shard[]>;
  /** What a shard has from its beginning on. */
  read(StreamName: string, ShardId: string | undefined): Promise<GetRecordsCommandOutput>;
}

/** The local Kinesis with streams of these names and inputs, anew for each test of the file. */
export function streams(wanted: Readonly<Record<string, object>>): () => RunningStreams {
  const plan = planOf(
    Object.entries(wanted).map(([name, inputs]) =>
      resource("aws:kinesis/stream:Stream", name, { name, ...inputs }),
    ),
  );
  let current: (RunningStreams & { stop(): Promise<void> }) | undefined;
  let now = 0;

  async function open(directory: string): Promise<RunningStreams> {
    const clock = () => now;
    const engine = new KinesisEngine(
      streamPlansOf(plan).map((each) => new Stream(each, join(directory, `${each.name}.jsonl`), clock)),
      clock,
    );
    const door = await openEngineDoor(engine);
    const kinesis = new KinesisClient({ ...door.client, requestHandler: new NodeHttpHandler() });
    const stop = async (): Promise<void> => {
      kinesis.destroy();
      engine.stop();
      await door.stop();
      expect(door.warnings).toEqual([]);
    };
    current = {
      ...{ kinesis, door, stop },
      pass: (ms) => {
        now += ms;
      },
      restart: async () => {
        await stop();
        return open(directory);
      },
      put: (StreamName, text, hash) => {
        const Data = Buffer.from(text);
        const ExplicitHashKey = hash?.toString();
        return kinesis.send(new PutRecordCommand({ StreamName, PartitionKey: "k", Data, ExplicitHashKey }));
      },
      shards: async (StreamName) => (await kinesis.send(new ListShardsCommand({ StreamName }))).Shards ?? [],
      read: async (StreamName, ShardId) => {
        const from = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" as const };
        const { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(from));
        return kinesis.send(new GetRecordsCommand({ ShardIterator }));
      },
    };
    return current;
  }

  beforeEach(async () => {
    now = Date.UTC(2030, 0, 1);
    await open(stateDirectory("streams"));
  });
  afterEach(() => current?.stop());
  return () => {
    if (current === undefined) throw new Error("no stream is open");
    return current;
  };
}
