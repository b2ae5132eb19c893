import { expect, test } from "vitest";
import { behindEdge, edgeRules } from "./edge.ts";
import type { HttpAnswer, HttpLayer, RequestHead } from "./http-message.ts";

const served: HttpAnswer = { statusCode: 200, headers: [], body: "served" };
const gatewayRefusal: HttpAnswer = { statusCode: 431, headers: [], body: "gateway" };
const gateway: HttpLayer = {
  bodyBytesMax: 10 * 1024 * 1024,
  refuseHead: (head) => (head.target.length > 5_000 ? gatewayRefusal : undefined),
  headersTooLarge: () => gatewayRefusal,
  bodyTooLarge: () => gatewayRefusal,
  answer: () => Promise.resolve(served),
};
const edge = behindEdge(gateway, edgeRules);

function headOf(headerBytes: number, target = "/"): RequestHead {
  const headers = headerBytes === 0 ? [] : ([["x", "y".repeat(headerBytes - 1)]] as const);
  return { method: "GET", target, httpVersion: "1.1", headers, sourceIp: "127.0.0.1" };
}

test("the edge blocks a body over 32 KB with a problem that names its code", () => {
  expect(edge.bodyBytesMax).toBe(32_768);
  const refusal = edge.bodyTooLarge();
  expect(refusal.statusCode).toBe(413);
  expect(refusal.headers).toEqual([["content-type", "application/json"]]);
  expect(JSON.parse(String(refusal.body))).toEqual({
    type: "about:blank",
    title: "The request body is larger than 32 KB",
    status: 413,
    code: "body_too_large",
  });
});

test("the edge blocks headers over 8 KB, names counted, before the gateway sees them", () => {
  expect(edge.refuseHead(headOf(8_192))).toBeUndefined();
  const refusal = edge.refuseHead(headOf(8_193));
  expect(refusal?.statusCode).toBe(431);
  expect(JSON.parse(String(refusal?.body))).toMatchObject({ status: 431, code: "headers_too_large" });
  expect(edge.headersTooLarge()).toEqual(refusal);
});

test("what the edge lets through, the gateway may still refuse or answer", async () => {
  expect(edge.refuseHead(headOf(0, `/${"a".repeat(6_000)}`))).toBe(gatewayRefusal);
  expect(await edge.answer({ ...headOf(0), body: Buffer.alloc(0) })).toBe(served);
});

test("an edge never lets more through than its gateway takes", () => {
  expect(behindEdge({ ...gateway, bodyBytesMax: 1_000 }, edgeRules).bodyBytesMax).toBe(1_000);
});
