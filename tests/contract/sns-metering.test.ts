import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PublishBatchCommand, PublishCommand, SNSClient, SubscribeCommand } from "@aws-sdk/client-sns";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { Meter } from "#local/door/meter.ts";
import { runEngines } from "#local/engines.ts";
import { serviceMeters } from "#local/meter/service-meters.ts";
import { sendingMeter } from "#local/meter/sns.ts";
import { statePaths } from "#local/state.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";
import { confirm } from "#tests/support/mailbox.ts";

/** What SNS bills, by AWS's rules, of calls that a real SDK makes at the door. */
const TopicArn = "arn:aws:sns:eu-west-1:123456789012:news";
const plan = planOf([resource("aws:sns/topic:Topic", "News", { name: "news" })]);
const directory = mkdtempSync(join(tmpdir(), "tallystick-metering-"));
const trace = "1-00000001-000000000000000000000001";
const meter = new Meter();
const running = new AsyncDisposableStack();
let door: Door;
let client: SNSClient;

beforeAll(async () => {
  const credentials = new CredentialRegistry();
  const warn = () => undefined;
  door = await openDoor({ credentials, log: new CallLog(100), meter, serviceMeters, warn, port: 0 });
  await runEngines(
    {
      ...{ plan, door, warn, paths: statePaths(directory), onSent: sendingMeter(meter) },
      credentialsOf: (roleArn) => credentials.issueTo(roleArn),
    },
    running,
  );
  client = new SNSClient({
    endpoint: door.url,
    region: "eu-west-1",
    credentials: credentials.issue("Notify", undefined),
    maxAttempts: 1,
  });
  client.middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers["x-amzn-trace-id"] = `Root=${trace}`;
      return next(args);
    },
    { step: "build" },
  );
});
afterAll(async () => {
  client.destroy();
  await running.disposeAsync();
  await door.stop();
  rmSync(directory, { recursive: true });
});
beforeEach(() => meter.reset());

/** What the trace's calls used, as `caller action unit`, with the quantities. */
const used = (): Record<string, number> =>
  Object.fromEntries(
    meter
      .ofTrace(trace)
      .filter(({ unit }) => !unit.startsWith("bytes"))
      .map(({ caller, action, unit, quantity }) => [`${caller} ${action} ${unit}`, quantity]),
  );
const attributes = (bytes: number) => ({ to: { DataType: "String", StringValue: "x".repeat(bytes) } });

test("what is published is billed by 64 KB begun, with its attributes", async () => {
  await client.send(new PublishCommand({ TopicArn, Message: "x".repeat(65_000) }));
  expect(used()).toEqual({ "Notify Publish requests": 1 });
  meter.reset();
  await client.send(
    new PublishCommand({ TopicArn, Message: "x".repeat(65_000), MessageAttributes: attributes(1_000) }),
  );
  expect(used()).toEqual({ "Notify Publish requests": 2 });
});

test("a batch is billed by what its entries have together", async () => {
  const PublishBatchRequestEntries = ["a", "b", "c"].map((Id) => ({ Id, Message: "x".repeat(30_000) }));
  await client.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
  expect(used()).toEqual({ "Notify PublishBatch requests": 2 });
});

test("what SNS refuses is not billed", async () => {
  await expect(client.send(new PublishCommand({ TopicArn, Message: "" }))).rejects.toThrow();
  expect(used()).toEqual({});
});

test("each mail and SMS that a publication becomes is billed to who published it", async () => {
  for (const Endpoint of ["+4915112345678", "+4915112345679"]) {
    await client.send(new SubscribeCommand({ TopicArn, Protocol: "sms", Endpoint }));
  }
  await client.send(
    new SubscribeCommand({ TopicArn, Protocol: "email", Endpoint: "accounts@books.example" }),
  );
  await confirm({ mail: statePaths(directory).mail }, "accounts@books.example");
  meter.reset();
  await client.send(new PublishCommand({ TopicArn, Message: "Payment captured" }));
  expect(used()).toEqual({
    "Notify Publish requests": 1,
    "Notify Publish mails": 1,
    "Notify Publish sms": 2,
  });
});
