import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { costOf, totalOf } from "./usage.ts";

const calmMs = 40;
const call = (sequence: number, caller: string, service: string, action: string) => ({
  ...{ sequence, caller, service, action },
});
const written = (caller: string, resource: string, quantity: number) => ({
  ...{ caller, service: "dynamodb", unit: "write_units", resource, quantity },
});

let server: Server;
let endpoint: string;
let calls: ReturnType<typeof call>[];
let usage: ReturnType<typeof written>[];

beforeEach(async () => {
  calls = [call(1, "PaymentsApi", "dynamodb", "PutItem")];
  usage = [written("PaymentsApi", "tallystick-local-payments", 100)];
  server = createServer(({ url }, response) =>
    response.end(JSON.stringify(url === "/_calls" ? { calls } : { usage })),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => server.close());

test("a request costs what was called and written since, its events included, and nothing of earlier ones", async () => {
  const recordLater = () => {
    calls.push(call(4, "RecordEvents", "dynamodb", "BatchWriteItem"));
    usage.push(written("RecordEvents", "tallystick-local-events", 3));
  };
  const cost = await costOf(
    endpoint,
    async () => {
      calls.push(call(2, "PaymentsApi", "dynamodb", "PutItem"), call(3, "Relay", "kinesis", "PutRecords"));
      calls.push(
        call(5, "Check", "dynamodb", "GetItem"),
        call(6, "events of relay", "dynamodb", "GetRecords"),
      );
      usage.push(written("PaymentsApi", "tallystick-local-payments", 2));
      setTimeout(recordLater, calmMs / 2);
    },
    calmMs,
  );
  expect([...cost.calls]).toEqual([
    ["dynamodb BatchWriteItem", { before: 0, behind: 1 }],
    ["dynamodb PutItem", { before: 1, behind: 0 }],
    ["kinesis PutRecords", { before: 0, behind: 1 }],
  ]);
  expect([...cost.writeUnits]).toEqual([
    ["events", { before: 0, behind: 3 }],
    ["payments", { before: 2, behind: 0 }],
  ]);
  expect(totalOf(cost.writeUnits)).toEqual({ before: 2, behind: 3 });
});
