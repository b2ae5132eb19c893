import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { committedPlan } from "#tests/support/committed-plan.ts";
import { proveMessage } from "#core/proof/archive-proof.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { impatient } from "#tests/support/impatient.ts";
import { awsClient, startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { reconcilerPids } from "#tests/support/reconciler-process.ts";
import { namesIn, type Segment, TestTraces } from "#tests/support/traces.ts";

const account = "123456789012";
const inbound = `tallystick-local-inbound-${account}`;
const queueUrl = (name: string) => `https://sqs.eu-west-1.amazonaws.com/${account}/tallystick-local-${name}`;

let system: TestSystem;
let traces: TestTraces;
let s3: S3Client;
let sqs: SQSClient;

beforeAll(async () => {
  system = await startTestSystem({ plan: impatient(committedPlan()), pods: true });
  traces = new TestTraces(system.endpoints);
  const client = awsClient(system.endpoints);
  s3 = new S3Client(client);
  sqs = new SQSClient({ ...client, useQueueUrlAsEndpoint: false });
});
afterAll(async () => {
  traces?.stop();
  s3?.destroy();
  sqs?.destroy();
  await system?.stop();
});

const leave = (Key: string, Body: string) =>
  s3.send(new PutObjectCommand({ Bucket: inbound, Key, Body }));
const ofFile = (key: string) => traces.first(`annotation.file = "${key}"`);
const callsOf = ({ trace_id }: Segment) =>
  system.calls.ofTrace(trace_id).map(({ caller, service, action }) => `${caller} ${service} ${action}`);

const header = "";

describe("a file that is posted", () => {
  test("is one trace, with what was done of AWS and in the books, and the call log has its calls under it", async () => {
    const demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
    await demo.payWithCard({ number: "4242424242424242" }, { amount: 20_00, currency: "USD" });
    await system.deliver();
    const segment = await traces.first('annotation.work = "journal file"');
    expect(segment).toMatchObject({
      name: "reconciler",
      annotations: { file: expect.stringMatching(/^events\//), lines: expect.any(Number) },
    });
    console.log(JSON.stringify(segment, null, 1), callsOf(segment));
  });
});
