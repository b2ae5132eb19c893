import { createServer } from "node:http";
import { GetRecordsCommand, KinesisClient, PutRecordCommand } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { expect, onTestFinished, test } from "vitest";
import { openEngineDoor } from "#tests/support/engine-door.ts";
import { stateDirectory } from "#tests/support/engine-state.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";
import { runEngines } from "./engines.ts";
import { close, listen } from "./process/http-server.ts";
import { accessTo } from "./remote/access.ts";
import type { Remotes } from "./remote/remotes.ts";

const plan = planOf([resource("aws:kinesis/stream:Stream", "Events", { name: "events", shardCount: 1 })]);

test.each(["here", "in another emulator"])(
  "a write to a stream %s is told of, and a read is not",
  async (where) => {
    const started = new AsyncDisposableStack();
    onTestFinished(() => started.disposeAsync());
    const there = createServer((_request, response) => response.end("{}"));
    const endpoint = `http://127.0.0.1:${await listen(there, 0)}`;
    started.defer(() => close(there, 0));
    const engineDoor = await openEngineDoor();
    started.defer(() => engineDoor.stop());
    const remotes: Remotes =
      where === "here" ? new Map() : new Map([["kinesis", { access: accessTo(endpoint, plan), names: [] }]]);
    let writes = 0;
    const paths = { engines: stateDirectory("engines"), mail: "", postgres: "", warehouse: "" };
    const written = () => {
      writes += 1;
    };
    const { door, credentialsOf } = engineDoor;
    await runEngines({ plan, paths, door, credentialsOf, remotes, written, warn: expect.fail }, started);
    const kinesis = new KinesisClient({ ...engineDoor.client, requestHandler: new NodeHttpHandler() });
    started.defer(() => kinesis.destroy());
    await kinesis.send(
      new PutRecordCommand({ StreamName: "events", PartitionKey: "k", Data: Buffer.from("1") }),
    );
    expect(writes).toBe(1);
    await kinesis.send(new GetRecordsCommand({ ShardIterator: "i" })).catch(() => undefined);
    expect(writes).toBe(1);
  },
);
