import { expect, test } from "vitest";
import type { Header, HttpLayer } from "./http-api/http-message.ts";
import { type AnsweredRequest, traced } from "./request-log.ts";

const root = "1-5759e988-bd862e3fe1be46a994272793";

async function answerTo(headers: readonly Header[]) {
  const told: AnsweredRequest[] = [];
  let seen: readonly Header[] = [];
  const layer: HttpLayer = {
    bodyBytesMax: 1,
    refuseHead: () => undefined,
    headersTooLarge: () => expect.fail(),
    bodyTooLarge: () => expect.fail(),
    answer: async (request) => {
      seen = request.headers;
      return { statusCode: 201, headers: [], body: "" };
    },
  };
  let now = 1_000;
  const clock = () => {
    now += 5;
    return now;
  };
  await traced(layer, clock, (request) => told.push(request)).answer({
    method: "POST",
    target: "/v1/payments?limit=1",
    httpVersion: "1.1",
    headers,
    sourceIp: "127.0.0.1",
    body: Buffer.alloc(0),
  });
  return { told, seen };
}

test("a request without a trace gets one, under which it is told", async () => {
  const { told, seen } = await answerTo([["Host", "x"]]);
  expect(told).toEqual([
    {
      method: "POST",
      path: "/v1/payments",
      statusCode: 201,
      durationMs: 5,
      trace: expect.stringMatching(/^1-00000001-[0-9a-f]{24}$/),
    },
  ]);
  expect(seen).toEqual([
    ["Host", "x"],
    ["x-amzn-trace-id", `Root=${told[0]?.trace}`],
  ]);
});

test("a client's own trace is kept", async () => {
  const headers: Header[] = [["X-Amzn-Trace-Id", `Root=${root};Sampled=1`]];
  const { told, seen } = await answerTo(headers);
  expect(told[0]?.trace).toBe(root);
  expect(seen).toEqual(headers);
});

test("what is no trace is replaced", async () => {
  const { told, seen } = await answerTo([["X-Amzn-Trace-Id", "Root=everything"]]);
  expect(seen).toEqual([["x-amzn-trace-id", `Root=${told[0]?.trace}`]]);
});
