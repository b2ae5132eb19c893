import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AwsCall } from "../door/engine.ts";
import { isSignedBy, parseAuthorization } from "../door/sigv4.ts";
import { close, listen } from "../process/http-server.ts";
import { RemoteEngine } from "./engine.ts";
import type { Names } from "./names.ts";

const key = { accessKeyId: "123456789012", secretAccessKey: "test" };
const names: Names = [
  ["https://sqs.eu-west-1.amazonaws.com/123456789012/", "http://there/000000000000/"],
  ["arn:aws:sqs:eu-west-1:123456789012:", "arn:aws:sqs:us-east-1:000000000000:"],
];

let server: Server;
let engine: RemoteEngine;
let seen: { readonly method: string; readonly headers: IncomingHttpHeaders; readonly body: string };
let answer: { readonly headers: Record<string, string>; readonly body: string };

beforeEach(async () => {
  answer = { headers: {}, body: "" };
  server = createServer(async (request, response) => {
    seen = { method: request.method ?? "", headers: request.headers, body: await text(request) };
    response.writeHead(200, answer.headers);
    response.end(answer.body);
  });
});
afterEach(async () => {
  engine.stop();
  await close(server, 0);
});

async function open(service: string, known: Names = names): Promise<void> {
  const endpoint = `http://127.0.0.1:${await listen(server, 0)}`;
  engine = new RemoteEngine({ service, endpoint, names: known, credentials: key });
}

const callOf = (service: string, body: string, more: Partial<AwsCall> = {}): AwsCall => ({
  service,
  action: "SendMessage",
  caller: { accessKeyId: "LKIA1", roleArn: "arn:role", name: "post" },
  method: "POST",
  path: "/",
  body: Buffer.from(body),
  signal: new AbortController().signal,
  ...more,
  headers: {
    host: "127.0.0.1:1",
    "x-amz-date": "20300101T000000Z",
    authorization: `AWS4-HMAC-SHA256 Credential=LKIA1/20300101/eu-west-1/${service}/aws4_request, SignedHeaders=content-length;host;x-amz-date, Signature=${"0".repeat(64)}`,
    ...more.headers,
  },
});
const json = { "x-amz-target": "AmazonSQS.SendMessage" };

test("the plan's queue is the emulator's, and what was sent into it goes through untouched", async () => {
  await open("sqs");
  const MessageBody = "see arn:aws:sqs:eu-west-1:123456789012:work";
  const Body = "see arn:aws:sqs:us-east-1:000000000000:work";
  answer = {
    headers: { "content-type": "json", "x-amz-crc32": "1" },
    body: JSON.stringify({
      Messages: [{ Body, Attributes: { DeadLetterQueueSourceArn: `${names[1]?.[1]}work` } }],
      QueueUrl: "http://there/000000000000/work",
    }),
  };
  const call = { QueueUrl: "https://sqs.eu-west-1.amazonaws.com/123456789012/work", MessageBody };
  const { body, headers } = await engine.handle(callOf("sqs", JSON.stringify(call), { headers: json }));
  expect(JSON.parse(seen.body)).toEqual({ QueueUrl: "http://there/000000000000/work", MessageBody });
  expect(JSON.parse(body.toString())).toEqual({
    Messages: [{ Body, Attributes: { DeadLetterQueueSourceArn: `${names[1]?.[0]}work` } }],
    QueueUrl: call.QueueUrl,
  });
  // A checksum of what the emulator sent would not be that of what the caller gets.
  expect(headers).toEqual({ "content-type": "json" });
});

test("a topic's name is renamed, and a message that speaks of it is not", async () => {
  await open("sns", [["arn:aws:sns:eu-west-1:123456789012:", "arn:aws:sns:eu-west-1:000000000000:"]]);
  answer = { headers: {}, body: "<TopicArn>arn:aws:sns:eu-west-1:000000000000:alerts</TopicArn>" };
  const arn = "arn:aws:sns:eu-west-1:123456789012:alerts";
  const { body } = await engine.handle(
    callOf("sns", `${new URLSearchParams({ Action: "Publish", TopicArn: arn, Message: arn })}`),
  );
  const sent = new URLSearchParams(seen.body);
  expect([sent.get("TopicArn"), sent.get("Message")]).toEqual([
    "arn:aws:sns:eu-west-1:000000000000:alerts",
    arn,
  ]);
  expect(body).toBe(`<TopicArn>${arn}</TopicArn>`);
});

test("a call is signed again, with one key and for the place where it goes", async () => {
  await open("sqs");
  await engine.handle(callOf("sqs", JSON.stringify({ QueueUrl: names[0]?.[0] }), { headers: json }));
  const signature = parseAuthorization(seen.headers.authorization ?? "");
  if (signature === undefined) throw new Error("it is not signed");
  const request = { method: "POST", path: "/", headers: seen.headers as Record<string, string> };
  expect(signature.accessKeyId).toBe(key.accessKeyId);
  expect(isSignedBy(key.secretAccessKey, signature, { ...request, body: Buffer.from(seen.body) })).toBe(true);
});

test("a HEAD tells the length of what it does not send", async () => {
  await open("s3", []);
  answer = { headers: { "content-length": "10", etag: '"1"' }, body: "" };
  const { headers, body } = await engine.handle(callOf("s3", "", { method: "HEAD", path: "/b/k" }));
  expect([headers["content-length"], headers["etag"], body.length]).toEqual(["10", '"1"', 0]);
});

test("an emulator that has gone is an error, which the door tells", async () => {
  await open("sqs");
  await close(server, 0);
  await expect(engine.handle(callOf("sqs", "{}", { headers: json }))).rejects.toThrow("ECONNREFUSED");
});
