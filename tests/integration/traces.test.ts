import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { showFileTraces } from "#cli/traces.ts";
import { proveMessage } from "#core/proof/archive-proof.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { eventually } from "#tests/support/eventually.ts";
import { impatient } from "#tests/support/impatient.ts";
import { awsClient, startTestSystem, storeOf, type TestSystem } from "#tests/support/local-system.ts";
import { reconcilerPids } from "#tests/support/reconciler-process.ts";
import { Told } from "#tests/support/told.ts";
import { namesIn, type Segment, TestTraces } from "#tests/support/traces.ts";

const account = "123456789012";
const bucket = `tallystick-local-inbound-${account}`;
const queueUrl = (name: string) => `https://sqs.eu-west-1.amazonaws.com/${account}/tallystick-local-${name}`;

let system: TestSystem;
let traces: TestTraces;
let s3: S3Client;
let sqs: SQSClient;
let told: Told;

beforeAll(async () => {
  system = await startTestSystem({ plan: impatient(committedPlan()), pods: true });
  traces = new TestTraces(system.endpoints);
  told = new Told(system.endpoints);
  const client = awsClient(system.endpoints);
  s3 = new S3Client(client);
  sqs = new SQSClient({ ...client, useQueueUrlAsEndpoint: false });
});
afterAll(async () => {
  traces?.stop();
  s3?.destroy();
  sqs?.destroy();
  told?.stop();
  await system?.stop();
});

const ofFile = (key: string) => traces.first(`annotation.file = "${key}"`);
const callsOf = ({ trace_id }: Segment) =>
  system.calls.ofTrace(trace_id).map(({ service, action }) => `${service} ${action}`);
const said = (text: string) => system.functionLog.filter((line) => line.includes(text));

/** Leaves a file as an acquirer does. */
async function leave(Key: string, Body: string, trace?: string): Promise<void> {
  const command = new PutObjectCommand({ Bucket: bucket, Key, Body });
  if (trace !== undefined)
    command.middlewareStack.add(
      (next) => (args) => {
        (args.request as { headers: Record<string, string> }).headers["x-amzn-trace-id"] = trace;
        return next(args);
      },
      { step: "build" },
    );
  await s3.send(command);
}

/** What S3 tells of a file. */
const notice = (key: string) =>
  JSON.stringify({
    Records: [{ eventName: "ObjectCreated:Put", s3: { bucket: { name: bucket }, object: { key } } }],
  });
const tell = (queue: string, MessageBody: string) =>
  sqs.send(new SendMessageCommand({ QueueUrl: queueUrl(queue), MessageBody }));

describe("what the reconciler does is one trace each:", () => {
  test("a file of the journal, with its calls of AWS, which the call log has under it", async () => {
    const demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
    await demo.payWithCard({ number: "4242424242424242" }, { amount: 20_00, currency: "USD" });
    await eventually(async () => ((await told.findings()).length === 0 ? true : undefined));
    await system.deliver();
    const segment = await eventually(async () =>
      (await traces.find('annotation.work = "journal file"')).find(
        ({ annotations }) => Number(annotations?.["posted"]) > 0,
      ),
    );
    expect(segment).toMatchObject({
      name: "reconciler",
      annotations: { file: expect.stringMatching(/^events\/day=/), parked: 0 },
    });
    expect([segment.fault, segment.error]).toEqual([undefined, undefined]);
    expect(namesIn(segment)).toEqual([...["S3", "books.post", "archive.putLeaves", "S3", "files.keepFile"]]);
    expect(callsOf(segment)).toEqual(["s3 GetObject", "s3 PutObject"]);
    expect(said('"message":"posted"').join()).toContain(segment.trace_id);
    // No card is in a trace, and nobody's name.
    expect(JSON.stringify(segment)).not.toMatch(/4242|mer_demo|pay_/);
  });

  test("a proof, with its signature", async () => {
    await tell("journal-files", proveMessage);
    const segment = await traces.first('annotation.work = "proof"');
    expect(segment.annotations).toMatchObject({ proof: 1, findings: 0 });
    expect(namesIn(segment)).toContain("KMS");
    expect(callsOf(segment)).toEqual(expect.arrayContaining(["dynamodb Query", "kms Sign", "s3 PutObject"]));
  });

  test("a round of settling that had something to do, and none that had not", async () => {
    const answer = await fetch(`${system.endpoints.acquirers[0]}/sandbox/settlements`, {
      method: "POST",
      body: JSON.stringify({ date: new Date().toISOString().slice(0, 10) }),
    });
    expect(answer.status).toBe(200);
    const segment = await traces.first('annotation.work = "settling" AND annotation.settled = 1');
    expect(namesIn(segment)).toEqual(expect.arrayContaining(["entries.draft", "ledger.settle", "DynamoDB"]));
    const actions = segment.subsegments?.flatMap(({ subsegments = [] }) => subsegments.map(({ aws }) => aws));
    expect(actions).toContainEqual(expect.objectContaining({ operation: "TransactWriteItems" }));
    expect(callsOf(segment)).toContain("dynamodb TransactWriteItems");
    // A round follows each message.
    const rounds = await traces.find('annotation.work = "settling"');
    for (const { annotations = {} } of rounds)
      expect(Number(annotations["posted"]) + Number(annotations["settled"])).toBeGreaterThan(0);
  });
});

describe("what went wrong shows in a trace:", () => {
  test("a file with lines that cannot be read is an error, with how many they are", async () => {
    await leave("alpha/bad.csv", "this is,no\nsettlement,file\n");
    const segment = await ofFile("alpha/bad.csv");
    expect(segment).toMatchObject({ error: true, annotations: { work: "inbound file", lines: 0 } });
    expect(segment.annotations?.["flaws"]).toBeGreaterThan(0);
    expect(segment.fault).toBeUndefined();
    expect(JSON.stringify(segment)).not.toContain("settlement,file");
  });

  test("a file that is not there is a fault, by the name of what S3 said, and its message's id is in the log", async () => {
    await tell("inbound-files", notice("alpha/gone.csv"));
    const segment = await ofFile("alpha/gone.csv");
    expect(segment).toMatchObject({ fault: true, cause: { exceptions: [{ type: "NoSuchKey" }] } });
    const s3Call = segment.subsegments?.find(({ name }) => name === "S3");
    expect(s3Call).toMatchObject({ error: true, http: { response: { status: 404 } } });
    const logged = `"message_id":"${segment.annotations?.["message"]}"`;
    expect(said("was not worked off").join()).toContain(logged);
    expect(await traces.find("fault")).not.toEqual([]);
    const shown = await showFileTraces(storeOf(system.endpoints), "alpha/gone.csv", {});
    expect(shown).toMatch(
      /^20\S+Z {2}1-\S+ {2}inbound file {2}\d+ ms {2}FAULT NoSuchKey\nmessage [-0-9a-f]{36}\n/,
    );
    expect(shown).toMatch(
      /^\d+ ms +\d+ ms +S3 GetObject +Bucket \S+, Key alpha\/gone.csv +ERROR NoSuchKey$/m,
    );
    expect(await showFileTraces(storeOf(system.endpoints), "alpha/never.csv", {})).toMatch(/^no trace of/);
  });

  test("what its sender traced is linked, and not gone on with", async () => {
    const root = `1-${Math.floor(Date.now() / 1_000).toString(16)}-${"a".repeat(24)}`;
    await leave("alpha/linked.csv", "x\n", `Root=${root};Parent=${"b".repeat(16)};Sampled=0`);
    const segment = await ofFile("alpha/linked.csv");
    expect(segment.links).toEqual([{ trace_id: root, id: "b".repeat(16) }]);
    expect(segment.trace_id).not.toBe(root);
  });
});

describe("X-Ray", () => {
  test.each([
    ["refuses", { kind: "refuse", error: "ThrottledException", statusCode: 429 }],
    ["does not answer", { kind: "delay", ms: 20_000 }],
    ["hangs up", { kind: "close" }],
  ] as const)("that %s stops no work: it is said once, and traces come again", async (how, fault) => {
    const before = said("traces are lost").length;
    const away = system.faults.inject({ service: "xray", action: "PutTraceSegments", count: 1_000, fault });
    const read = async (key: string) =>
      eventually(async () => (said(`"${key}"`).length > 0 ? true : undefined));
    const [first, second, third] = [1, 2, 3].map((n) => `alpha/${how.replaceAll(" ", "-")}-${n}.csv`);
    await leave(first ?? "", "x\n");
    await read(first ?? "");
    await eventually(async () => (said("traces are lost").length > before ? true : undefined));
    const hits = away.hits;
    await leave(second ?? "", "x\n");
    await read(second ?? "");
    await eventually(async () => (away.hits > hits ? true : undefined));
    away.remove();
    await leave(third ?? "", "x\n");
    await ofFile(third ?? "");
    expect(said("traces are lost")).toHaveLength(before + 1);
    expect(await traces.find(`annotation.file = "${first}"`)).toEqual([]);
  });

  test("has what a pod did before it was asked to end", async () => {
    const [pid = 0] = reconcilerPids(system.endpoints);
    await leave("alpha/last.csv", "x\n");
    await eventually(async () => (said('"alpha/last.csv"').length > 0 ? true : undefined));
    process.kill(pid, "SIGTERM");
    await eventually(async () => (reconcilerPids(system.endpoints).includes(pid) ? undefined : true));
    // It was sent before the pod was gone: there is nothing to wait for.
    expect(await traces.find('annotation.file = "alpha/last.csv"')).toHaveLength(1);
  });
});
