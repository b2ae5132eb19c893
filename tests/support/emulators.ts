import { createRequire } from "node:module";
import { Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { CreateStreamCommand, DescribeStreamSummaryCommand, KinesisClient } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { startFauxqs } from "fauxqs";
import { answers } from "#local/dynamodb/server.ts";
import { startChild } from "#local/process/child.ts";
import { freePort } from "#local/process/http-server.ts";
import type { Emulator } from "./contract.ts";

const readyMsMax = 15_000;
const readyPollMs = 50;
const credentials = { accessKeyId: "test", secretAccessKey: "test" };

/** SQS and SNS in this process. fauxqs listens on all interfaces whatever it is told: tests are nobody else's business. */
export async function startQueues() {
  const { listen } = Server.prototype;
  Server.prototype.listen = function (this: Server, where: object, ...rest: unknown[]) {
    return Reflect.apply(listen, this, [{ ...where, host: "127.0.0.1" }, ...rest]);
  } as typeof listen;
  try {
    const server = await startFauxqs({ port: 0, logger: false, defaultRegion: "eu-west-1" });
    return { server, endpoint: `http://127.0.0.1:${server.port}`, stop: () => server.stop() };
  } finally {
    Server.prototype.listen = listen;
  }
}

/** As above, in a child. */
const loopbackOnly = `data:text/javascript,${encodeURIComponent(`
import { Server } from "node:net";
const listen = Server.prototype.listen;
Server.prototype.listen = function (where, ...rest) {
  if (typeof where === "object") return listen.call(this, { ...where, host: "127.0.0.1" }, ...rest);
  return listen.call(this, where, "127.0.0.1", ...rest.filter((each) => typeof each === "function"));
};`)}`;

/** SQS, SNS and S3. */
export const fauxqs: Emulator = { name: "fauxqs", start: startQueues };

export interface TestKinesis {
  readonly endpoint: string;
  readonly client: KinesisClient;
  createStream(name: string, shards: number): Promise<void>;
  stop(): Promise<void>;
}

/** Kinesis as a child process. */
export async function startKinesis(): Promise<TestKinesis> {
  const [port, tlsPort] = [await freePort(), await freePort()];
  const require = createRequire(import.meta.url);
  const child = startChild({
    name: "kinesis-local",
    command: process.execPath,
    args: ["--import", loopbackOnly, require.resolve("kinesis-local/main.js")],
    env: {
      KINESIS_MOCK_PLAIN_PORT: String(port),
      KINESIS_MOCK_TLS_PORT: String(tlsPort),
      KINESIS_MOCK_CERT_PATH: require.resolve("kinesis-local/server.json"),
      AWS_REGION: "eu-west-1",
      AWS_ACCOUNT_ID: "123456789012",
      CREATE_STREAM_DURATION: "1ms",
      DELETE_STREAM_DURATION: "1ms",
      SPLIT_SHARD_DURATION: "1ms",
      LOG_LEVEL: "ERROR",
    },
    watchesStdin: false,
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + readyMsMax;
  while (!(await answers(endpoint))) {
    if (performance.now() > deadline) throw new Error("kinesis-local does not come up");
    await sleep(readyPollMs);
  }
  const client = new KinesisClient({
    region: "eu-west-1",
    endpoint,
    credentials,
    requestHandler: new NodeHttpHandler({}),
  });
  return {
    endpoint,
    client,
    createStream: async (StreamName, ShardCount) => {
      await client.send(new CreateStreamCommand({ StreamName, ShardCount }));
      await untilActive(client, StreamName);
    },
    stop: async () => {
      client.destroy();
      await child.stop();
    },
  };
}

export const kinesisLocal: Emulator = { name: "kinesis-local", start: startKinesis };

/** Waits for the end of a change to the stream. */
export async function untilActive(client: KinesisClient, StreamName: string): Promise<void> {
  const deadline = performance.now() + readyMsMax;
  for (;;) {
    const { StreamDescriptionSummary: summary } = await client.send(
      new DescribeStreamSummaryCommand({ StreamName }),
    );
    if (summary?.StreamStatus === "ACTIVE") return;
    if (performance.now() > deadline) throw new Error(`stream ${StreamName} is ${summary?.StreamStatus}`);
    await sleep(readyPollMs);
  }
}
