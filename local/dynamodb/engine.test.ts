import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AwsCall } from "../door/engine.ts";
import { close, listen } from "../process/http-server.ts";
import { type DynamoDbEngine, dynamoDbEngine } from "./engine.ts";

const callOf = (accessKeyId: string, signal: AbortSignal = new AbortController().signal): AwsCall => ({
  service: "dynamodb",
  action: "GetItem",
  caller: { accessKeyId, roleArn: "arn:role", name: "post" },
  method: "POST",
  path: "/",
  headers: {
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/…`,
    host: "127.0.0.1:1",
    connection: "keep-alive",
    "content-length": "999",
    "x-amz-target": "DynamoDB_20120810.GetItem",
    "x-amz-date": "20260101T000000Z",
  },
  body: Buffer.from('{"TableName" : "payments"}'),
  signal,
});

let server: Server;
let engine: DynamoDbEngine;
let seen: { readonly headers: IncomingHttpHeaders; readonly body: string }[];
let answer: { readonly statusCode: number; readonly body: string } | "silence";

beforeEach(async () => {
  seen = [];
  answer = { statusCode: 200, body: '{ "Item" : {} }' };
  server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    seen.push({ headers: request.headers, body });
    if (answer === "silence") return;
    response.writeHead(answer.statusCode, { "x-amz-crc32": "1", server: "other", "content-type": "json" });
    response.end(answer.body);
  });
  engine = dynamoDbEngine(`http://127.0.0.1:${await listen(server, 0)}`);
});
afterEach(async () => {
  engine.stop();
  await close(server, 0);
});

test("bodies pass through untouched in both directions", async () => {
  const { statusCode, body, headers } = await engine.handle(callOf("LKIA1"));
  expect(seen[0]?.body).toBe('{"TableName" : "payments"}');
  expect(seen[0]?.headers["x-amz-target"]).toBe("DynamoDB_20120810.GetItem");
  expect([statusCode, String(body)]).toEqual([200, '{ "Item" : {} }']);
  expect(headers).toEqual({ "x-amz-crc32": "1", "content-type": "json" });
});

test("DynamoDB sees one caller: DynamoDB Local would give each key a database of its own", async () => {
  await engine.handle(callOf("LKIA1"));
  await engine.handle(callOf("LKIA2"));
  const [first, second] = seen.map(({ headers }) => headers.authorization);
  expect(first).toContain("Credential=tallystick/");
  expect(second).toBe(first);
});

test("a call ends with its caller", async () => {
  answer = "silence";
  const caller = new AbortController();
  const call = engine.handle(callOf("LKIA1", caller.signal));
  caller.abort();
  await expect(call).rejects.toThrow("aborted");
});

test("a refusal of a call of our own is thrown under AWS's name for it", async () => {
  answer = {
    statusCode: 400,
    body: '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"none"}',
  };
  await expect(engine.call("DescribeTable", { TableName: "x" })).rejects.toMatchObject({
    name: "DynamoDbFailure",
    exception: "ResourceNotFoundException",
    message: "ResourceNotFoundException: none",
  });
});
