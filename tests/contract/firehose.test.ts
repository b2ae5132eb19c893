import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { KinesisClient, PutRecordsCommand, SplitShardCommand } from "@aws-sdk/client-kinesis";
import { HeadObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { deliveryPlansOf } from "#local/firehose/delivery-plan.ts";
import { parquetOf } from "#local/firehose/parquet.ts";
import { Positions } from "#local/firehose/positions.ts";
import { StreamReader } from "#local/firehose/stream-reader.ts";
import { askParquet, linesIn, objectsIn } from "#tests/support/deliveries.ts";
import { startKinesis } from "#tests/support/emulators.ts";
import { eventually } from "#tests/support/eventually.ts";
import { type GuardedCloud, openGuardedCloudIn } from "#tests/support/guarded-cloud.ts";
import { planOf, resource, roleArnOf, roleResource } from "#tests/support/handmade-plan.ts";
import { deliveryResource } from "#tests/support/planned-delivery.ts";

const courier = [
  ...["kinesis:DescribeStream", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"],
  ...["s3:AbortMultipartUpload", "s3:PutObject"],
];
const delimited = {
  enabled: true,
  processors: [
    {
      type: "AppendDelimiterToRecord",
      parameters: [{ parameterName: "Delimiter", parameterValue: "\\n" }],
    },
  ],
};
const toArchive = {
  bucketArn: "arn:aws:s3:::archive",
  prefix: "events/day=!{timestamp:yyyy-MM-dd}/",
  compressionFormat: "GZIP",
  fileExtension: ".json.gz",
  processingConfiguration: delimited,
};
const toLake = {
  bucketArn: "arn:aws:s3:::lake",
  prefix: "events/day=!{timestamp:yyyy-MM-dd}/",
  errorOutputPrefix: "unfit/!{firehose:error-output-type}/day=!{timestamp:yyyy-MM-dd}/",
  dataFormatConversionConfiguration: {
    inputFormatConfiguration: { deserializer: { openXJsonSerDe: { caseInsensitive: false } } },
    outputFormatConfiguration: { serializer: { parquetSerDe: { compression: "SNAPPY" } } },
    schemaConfiguration: { roleArn: roleArnOf("courier"), databaseName: "lake", tableName: "events" },
  },
};
const table = resource("aws:glue/catalogTable:CatalogTable", "Events", {
  name: "events",
  databaseName: "lake",
  storageDescriptor: {
    columns: [
      { name: "id", type: "string" },
      { name: "amount", type: "bigint" },
      { name: "legs", type: "array<struct<account:string>>" },
    ],
  },
});
const planned = (actions: readonly string[] = courier, shardCount = 2) => [
  resource("aws:kinesis/stream:Stream", "Stream", { name: "events", shardCount }),
  resource("aws:s3/bucket:Bucket", "Archive", { bucket: "archive" }),
  resource("aws:s3/bucket:Bucket", "Lake", { bucket: "lake" }),
  table,
  roleResource("courier", actions),
  deliveryResource("to-archive", "events", toArchive),
  deliveryResource("to-lake", "events", toLake),
];
const StreamName = "events";
const day = () => new Date().toISOString().slice(0, 10);

let directory: string;
let cloud: GuardedCloud;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-firehose-"));
});
afterEach(async () => {
  await cloud?.stop();
  rmSync(directory, { recursive: true });
});

async function open(...given: Parameters<typeof planned>): Promise<void> {
  cloud = await openGuardedCloudIn(directory, ...planned(...given));
}
async function reopen(): Promise<void> {
  await cloud.stop();
  await open();
}
const kinesis = () => new KinesisClient({ ...cloud.as(), requestHandler: new NodeHttpHandler() });
const s3 = () => new S3Client(cloud.as());

async function put(...texts: readonly string[]): Promise<void> {
  const Records = texts.map((text, index) => ({ PartitionKey: `${index}`, Data: Buffer.from(text) }));
  await kinesis().send(new PutRecordsCommand({ StreamName, Records }));
}
const flush = () => cloud.engines.deliver();
const archived = async () => linesIn(await objectsIn(s3(), "archive"));
const texts = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) =>
    JSON.stringify({ id: `evt_${from + index}`, amount: index }),
  );

/** Parquet files of the lake, on this disk for DuckDB. */
async function lakeFiles(): Promise<readonly string[]> {
  const objects = await objectsIn(s3(), "lake", "events/");
  return objects.map(({ body }, index) => {
    const file = join(directory, `${index}.parquet`);
    writeFileSync(file, body);
    return file;
  });
}
async function lakeIds(): Promise<readonly unknown[]> {
  return (await askParquet(await lakeFiles(), "SELECT id FROM files ORDER BY id")).map(({ id }) => id);
}

test("what is on a stream becomes an object of lines, word by word, and one of columns", async () => {
  await open();
  const sent = ['{"id":"a" , "amount":9007199254740993}', '{"id":"b","legs":[{"account":"x"}],"more":1}'];
  await put(...sent);
  const [lines, rows] = await flush();
  expect([lines?.records, rows?.records]).toEqual([2, 2]);
  const [object] = await objectsIn(s3(), "archive");
  expect(object?.key).toMatch(
    new RegExp(`^events/day=${day()}/to-archive-1-${day()}-[0-9-]{8}-.{36}\\.json\\.gz$`),
  );
  expect(
    gunzipSync(object?.body ?? "")
      .toString()
      .split("\n")
      .toSorted(),
  ).toEqual(["", ...sent].toSorted());
  expect(await askParquet(await lakeFiles(), "SELECT * FROM files ORDER BY id")).toEqual([
    { id: "a", amount: "9007199254740993", legs: null },
    { id: "b", amount: null, legs: [{ account: "x" }] },
  ]);
  expect(
    await askParquet(
      await lakeFiles(),
      "SELECT DISTINCT compression FROM parquet_metadata(files)".replace(
        "parquet_metadata(files)",
        `parquet_metadata('${(await lakeFiles())[0]}')`,
      ),
    ),
  ).toEqual([{ compression: "SNAPPY" }]);
  const head = await s3().send(new HeadObjectCommand({ Bucket: "archive", Key: object?.key }));
  expect([head.ContentType, head.ContentEncoding]).toEqual(["application/octet-stream", "gzip"]);
});

test("after its time, which is a fifth of the plan's, a delivery comes by itself", async () => {
  cloud = await openGuardedCloudIn(
    directory,
    ...planned().slice(0, -2),
    deliveryResource("to-archive", "events", { ...toArchive, bufferingInterval: 5 }),
  );
  const began = performance.now();
  await put(...texts(0, 2));
  await eventually(async () => ((await archived()).length === 2 ? true : undefined));
  expect(performance.now() - began).toBeGreaterThan(1_000);
  expect(performance.now() - began).toBeLessThan(5_000);
});

test("the next run goes on where the last one was, and what that had in hand is read again", async () => {
  await open();
  await put(...texts(0, 3));
  await flush();
  await put(...texts(3, 5));
  await reopen();
  await put(...texts(5, 6));
  await flush();
  expect((await archived()).toSorted()).toEqual(texts(0, 3).concat(texts(3, 5), texts(5, 6)).toSorted());
  expect(await lakeIds()).toEqual(["evt_0", "evt_1", "evt_2", "evt_3", "evt_4", "evt_5"]);
  const again = await flush();
  expect(again.map(({ objects }) => objects)).toEqual([[], []]);
});

test("of a stream that another emulator made anew, all is read: a place in the one before means nothing", async () => {
  const path = join(directory, "positions.json");
  const streamArn = "arn:aws:kinesis:eu-west-1:123456789012:stream/events";
  for (const expected of [texts(0, 3), texts(3, 4)]) {
    const emulator = await startKinesis();
    try {
      await emulator.createStream(StreamName, 1);
      const Records = expected.map((text) => ({ PartitionKey: "k", Data: Buffer.from(text) }));
      await emulator.client.send(new PutRecordsCommand({ StreamName, Records }));
      const positions = new Positions(path);
      const { records } = await new StreamReader(emulator.client, streamArn, positions, Date.now).look();
      expect(records.map(({ data }) => Buffer.from(data).toString())).toEqual(expected);
      positions.keep(records);
    } finally {
      await emulator.stop();
    }
  }
});

test("an object whose place was not kept comes again: twice, and never not at all", async () => {
  await open();
  await put(...texts(0, 3));
  // Both deliveries write, and hear of nothing: three times each, as often as the client tries.
  cloud.faults.inject({ service: "s3", action: "PutObject", count: 6, fault: { kind: "lose_reply" } });
  await expect(flush()).rejects.toThrow();
  expect(await archived()).not.toEqual([]);
  await reopen();
  await flush();
  const lines = await archived();
  expect(lines.length).toBeGreaterThan(3);
  expect(new Set(lines)).toEqual(new Set(texts(0, 3)));
  expect(new Set(await lakeIds())).toEqual(new Set(["evt_0", "evt_1", "evt_2"]));
});

test("what does not fit is put aside with its reason, and holds up nothing", async () => {
  await open();
  await put('{"id":"a"}', "no JSON", '{"id":"b","amount":"ten"}', '{"id":"c"}');
  const [, rows] = await flush();
  expect([rows?.records, rows?.aside]).toEqual([2, 2]);
  expect(await lakeIds()).toEqual(["a", "c"]);
  expect(await archived()).toHaveLength(4);
  const [object, ...more] = await objectsIn(s3(), "lake", "unfit/");
  expect(more).toEqual([]);
  expect(object?.key).toMatch(new RegExp(`^unfit/format-conversion-failed/day=${day()}/to-lake-1-[^.]*$`));
  const lines = (object?.body.toString() ?? "")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  expect(lines.map(({ rawData }) => Buffer.from(rawData, "base64").toString()).toSorted()).toEqual([
    "no JSON",
    '{"id":"b","amount":"ten"}',
  ]);
  expect(lines.find(({ lastErrorCode }) => lastErrorCode.endsWith("MalformedData"))).toEqual({
    attemptsMade: 1,
    arrivalTimestamp: expect.any(Number),
    lastErrorCode: "DataFormatConversion.MalformedData",
    lastErrorMessage: 'Data does not match the schema. For input string: "ten"',
    attemptEndingTimestamp: expect.any(Number),
    rawData: expect.any(String),
    sequenceNumber: expect.stringMatching(/^49\d+$/),
    subSequenceNumber: null,
    dataCatalogTable: {
      ...{ catalogId: "123456789012", databaseName: "lake", tableName: "events" },
      ...{ region: "eu-west-1", versionId: "LATEST", roleArn: roleArnOf("courier") },
    },
  });
  expect(cloud.warnings).toEqual([
    expect.stringMatching(/^to-lake put 2 of 4 records aside, with the reason of each: lake\/unfit\//),
  ]);
});

test("it reads and writes in the name of its role: what that may not do, does not happen, and nothing is lost", async () => {
  await open(courier.filter((action) => action !== "s3:PutObject"));
  await put(...texts(0, 2));
  await expect(flush()).rejects.toThrow("s3:PutObject");
  expect(readdirSync(join(directory, "engines", "s3", "archive", "blobs"))).toEqual([]);
  await reopen();
  await flush();
  expect((await archived()).toSorted()).toEqual(texts(0, 2));
});

test("more than one request takes goes up in parts", async () => {
  await open(courier, 20);
  const pieces = Array.from({ length: 20 }, (_, index) => ({
    PartitionKey: "x",
    ExplicitHashKey: `${(2n ** 128n * BigInt(index)) / 20n}`,
    // Of hexadecimal digits the half is compressed away.
    Data: Buffer.from(JSON.stringify({ id: randomBytes(520_000).toString("hex") })),
  }));
  const parted = [pieces.slice(0, 9), pieces.slice(9, 18), pieces.slice(18)];
  for (const Records of parted) await kinesis().send(new PutRecordsCommand({ StreamName, Records }));
  const [lines] = await flush();
  expect(lines?.records).toBe(20);
  expect((await archived()).toSorted()).toEqual(pieces.map(({ Data }) => Data.toString()).toSorted());
  expect(cloud.log.recent().map(({ action }) => action)).toContain("CompleteMultipartUpload");
});

test("the children of a shard that was split are read too, and it itself to its end", async () => {
  await open(courier, 1);
  await put(...texts(0, 2));
  await kinesis().send(
    new SplitShardCommand({
      ...{ StreamName, ShardToSplit: "shardId-000000000000", NewStartingHashKey: `${2n ** 127n}` },
    }),
  );
  await put(...texts(2, 6));
  await flush();
  expect((await archived()).toSorted()).toEqual(texts(0, 2).concat(texts(2, 6)).toSorted());
});

describe("a Parquet file", () => {
  test("holds every text and number that a row can have", async () => {
    const columns = [
      { name: "text", type: { kind: "string" } },
      { name: "amount", type: { kind: "integer", bits: 64 } },
    ] as const;
    const rows = fc.array(
      fc.record({
        text: fc.string({ unit: "binary" }).map((text) => text.toWellFormed()),
        amount: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      }),
      { minLength: 1, maxLength: 50 },
    );
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        const file = join(directory, "rows.parquet");
        writeFileSync(
          file,
          await parquetOf(
            given.map(({ text, amount }) => `{"text":${JSON.stringify(text)},"amount":${amount}}`),
            columns,
          ),
        );
        expect(await askParquet([file], "SELECT text, amount FROM files")).toEqual(
          given.map(({ text, amount }) => ({ text, amount: `${amount}` })),
        );
      }),
      { numRuns: 20 },
    );
  });
});

test.each([
  [
    "a type that is not written",
    { storageDescriptor: { columns: [{ name: "on", type: "date" }] } },
    "column on of",
  ],
  ["no table", { name: "others" }, "there is no table lake.events"],
])("a delivery by %s is refused at start", (_what, changes, because) => {
  const changed = { ...table, inputs: { ...table.inputs, ...changes } };
  expect(() => deliveryPlansOf(planOf([deliveryResource("to-lake", "events", toLake), changed]))).toThrow(
    because,
  );
});

test.each([
  [{ prefix: "!{timestamp:yyyy-'W'ww}/" }, "ww of the time"],
  [{ dynamicPartitioningConfiguration: { enabled: true } }, "dynamicPartitioningConfiguration"],
  [{ s3BackupMode: "Enabled" }, "s3BackupMode"],
])("so is one by what is not carried out here: %j", (changes, because) => {
  const resources = [deliveryResource("to-archive", "events", { ...toArchive, ...changes })];
  expect(() => deliveryPlansOf(planOf(resources))).toThrow(because);
});
