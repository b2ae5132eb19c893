import {
  BatchGetTracesCommand,
  GetTraceSummariesCommand,
  PutTraceSegmentsCommand,
  XRayClient,
} from "@aws-sdk/client-xray";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CallLog } from "#local/door/call-log.ts";
import { CredentialRegistry } from "#local/door/credentials.ts";
import { type Door, openDoor } from "#local/door/door.ts";
import { Meter } from "#local/door/meter.ts";
import { Guard } from "#local/iam/guard.ts";
import { serviceMeters } from "#local/meter/service-meters.ts";
import { XRayEngine } from "#local/xray/engine.ts";
import { planOf, roleArnOf, roleResource } from "#tests/support/handmade-plan.ts";

/** Real clients, signed by roles, before the local X-Ray: what they may, and what AWS would bill. */
const plan = planOf([roleResource("writer", ["xray:PutTraceSegments"]), roleResource("reader", ["xray:*"])]);

let door: Door;
let asked: string[];
const meter = new Meter();
const clients: XRayClient[] = [];
const credentials = new CredentialRegistry();

beforeEach(async () => {
  asked = [];
  meter.reset();
  const guard = new Guard(plan, ({ action, resource: arn }) => asked.push(`${action} ${arn}`));
  const warn = () => undefined;
  door = await openDoor({ credentials, log: new CallLog(100), guard, meter, serviceMeters, warn, port: 0 });
  door.serve(new XRayEngine(100, Date.now));
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await door.stop();
});

function as(role: string): XRayClient {
  const key = credentials.issue(role, roleArnOf(role), { sessionName: `${role}-session` });
  const client = new XRayClient({
    ...{ endpoint: door.url, region: plan.region, maxAttempts: 1, credentials: key },
  });
  clients.push(client);
  return client;
}

const now = Date.now() / 1_000;
const traceId = (n: number) => `1-${Math.floor(now).toString(16)}-${String(n).padStart(24, "0")}`;
const segment = (trace: number, id: number, more: object = {}) =>
  JSON.stringify({
    ...{
      name: "a",
      id: String(id).padStart(16, "0"),
      trace_id: traceId(trace),
      start_time: now,
      end_time: now,
    },
    ...more,
  });
const put = (role: string, ...TraceSegmentDocuments: string[]) =>
  as(role).send(new PutTraceSegmentsCommand({ TraceSegmentDocuments }));
const get = (role: string, ...numbers: number[]) =>
  as(role).send(new BatchGetTracesCommand({ TraceIds: numbers.map(traceId) }));
const find = (role: string) =>
  as(role).send(
    new GetTraceSummariesCommand({
      ...{ StartTime: new Date((now - 60) * 1_000), EndTime: new Date((now + 60) * 1_000) },
    }),
  );
const billed = () =>
  meter
    .totals()
    .filter(({ unit }) => !unit.startsWith("bytes"))
    .map(({ caller, action, unit, quantity }) => `${caller} ${action} ${quantity} ${unit}`);

test("IAM is asked about each action, on no resource", async () => {
  await put("reader", segment(1, 1));
  await get("reader", 1);
  await find("reader");
  expect(asked).toEqual(["xray:PutTraceSegments *", "xray:BatchGetTraces *", "xray:GetTraceSummaries *"]);
});

test("who may send traces may not read them, and hears so as of AWS", async () => {
  await put("writer", segment(1, 1));
  for (const call of [get("writer", 1), find("writer")])
    await expect(call).rejects.toMatchObject({
      name: "AccessDeniedException",
      $metadata: { httpStatusCode: 403 },
      message: expect.stringContaining("is not authorized to perform: xray:"),
    });
});

test("a trace is billed when its segment is recorded: not each document, and none that is refused or under way", async () => {
  const within = (trace: number, id: number) =>
    segment(trace, id, { type: "subsegment", parent_id: "0".repeat(16) });
  await put("writer", segment(1, 1), within(1, 2), within(1, 3), segment(1, 4), segment(2, 5));
  await put("writer", within(2, 6), segment(3, 7, { name: undefined }));
  await put("writer", segment(4, 8, { end_time: undefined, in_progress: true }), "{");
  expect(billed()).toEqual(["writer PutTraceSegments 2 traces_recorded"]);
});

test("and each time that it is read, or looked through", async () => {
  await put("reader", segment(1, 1), segment(2, 2));
  meter.reset();
  await get("reader", 1, 7);
  await find("reader");
  expect(billed()).toEqual(["reader BatchGetTraces 1 traces_read", "reader GetTraceSummaries 2 traces_read"]);
});
