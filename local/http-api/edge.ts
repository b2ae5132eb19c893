import { type HttpAnswer, type HttpLayer, headBytes } from "./http-message.ts";

/**
 * Limits and answers of the layer in front of the gateway: CloudFront with WAF (stacks/edge.ts, firewall.ts). A test
 * compares them with the plan (tests/estate/edge.test.ts).
 */
interface EdgeRules {
  readonly bodyBytesMax: number;
  /** Names and values of all headers. */
  readonly headerBytesMax: number;
  readonly bodyTooLarge: HttpAnswer;
  readonly headersTooLarge: HttpAnswer;
}

/**
 * The edge answers with a body that was written in advance: no field of it depends on the request. WAF blocks bodies; a
 * function of CloudFront measures headers, for WAF cannot answer 431 (stacks/edge-head.js).
 */
export const edgeRules: EdgeRules = {
  bodyBytesMax: 32 * 1024,
  headerBytesMax: 8 * 1024,
  bodyTooLarge: problem(413, "body_too_large", "The request body is larger than 32 KB"),
  headersTooLarge: problem(431, "headers_too_large", "The request headers are larger than 8 KB"),
};

/** Puts the edge before a gateway: what it blocks, the gateway never sees. */
export function behindEdge(gateway: HttpLayer, rules: EdgeRules): HttpLayer {
  return {
    bodyBytesMax: Math.min(rules.bodyBytesMax, gateway.bodyBytesMax),
    refuseHead(head) {
      const { names, values } = headBytes(head);
      return names + values > rules.headerBytesMax ? rules.headersTooLarge : gateway.refuseHead(head);
    },
    headersTooLarge: () => rules.headersTooLarge,
    bodyTooLarge: () => rules.bodyTooLarge,
    answer: (request) => gateway.answer(request),
  };
}

function problem(statusCode: number, code: string, title: string): HttpAnswer {
  return {
    statusCode,
    headers: [["content-type", "application/json"]],
    body: JSON.stringify({ type: "about:blank", title, status: statusCode, code }),
  };
}
