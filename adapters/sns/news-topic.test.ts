import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SNSClient } from "@aws-sdk/client-sns";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addressIdOf } from "#core/notifications/contact.ts";
import { NewsRefused } from "./errors.ts";
import { type Dispatch, NewsTopic } from "./news-topic.ts";

const dispatch: Dispatch = {
  merchant: "mer_demo",
  kind: "captured",
  to: [addressIdOf("email", "a@example.com")],
  message: { subject: "s", email: "e", sms: "t" },
};

let server: Server;
let asked: URLSearchParams[];
let respond: (response: ServerResponse) => void;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      asked.push(new URLSearchParams(body));
      respond(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function publishing(): Promise<unknown> {
  const { port } = server.address() as AddressInfo;
  const client = new SNSClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: "eu-west-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
    requestHandler: { requestTimeout: 100, throwOnRequestTimeout: true },
  });
  const topic = new NewsTopic(client, "arn:aws:sns:eu-west-1:123456789012:news");
  return topic.publish(dispatch).finally(() => client.destroy());
}

const refusing = (status: number, code: string) => (response: ServerResponse) =>
  response
    .writeHead(status, { "content-type": "text/xml" })
    .end(`<ErrorResponse><Error><Code>${code}</Code><Message>no</Message></Error></ErrorResponse>`);

test("a message is one call, a text for each channel, and says whom it is for", async () => {
  respond = (response) =>
    response.end(
      "<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
    );
  expect(await publishing()).toBe("published");
  expect(asked).toHaveLength(1);
  const form = Object.fromEntries(asked[0] ?? []);
  expect(form).toMatchObject({ Subject: "s", MessageStructure: "json" });
  expect(JSON.parse(form["Message"] ?? "")).toEqual({ default: "e", email: "e", sms: "t" });
  expect([
    form["MessageAttributes.entry.1.Name"],
    form["MessageAttributes.entry.1.Value.StringValue"],
  ]).toEqual(["to", JSON.stringify(dispatch.to)]);
});

test.each([
  [400, "InvalidParameter"],
  [403, "AuthorizationError"],
  [429, "Throttled"],
  [500, "InternalError"],
])("an answer of %i says that SNS does not have it, and nobody tries again here", async (status, code) => {
  respond = refusing(status, code);
  await expect(publishing()).rejects.toBeInstanceOf(NewsRefused);
  expect(asked).toHaveLength(1);
});

test("where nobody listens, nothing was sent", async () => {
  const closed = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  server = createServer().listen(0);
  server.address = () => closed;
  await expect(publishing()).rejects.toBeInstanceOf(NewsRefused);
});

test.each<[string, typeof respond]>([
  ["breaks off", (response) => response.destroy()],
  ["stays silent", () => undefined],
])("of a call whose connection %s nobody knows what became", async (_what, act) => {
  respond = act;
  expect(await publishing()).toBe("unknown");
  expect(asked).toHaveLength(1);
});
