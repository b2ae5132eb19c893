import { traceRootOf } from "./door/call-log.ts";
import { type Header, type HttpLayer, type HttpRequest, headerOf } from "./http-api/http-message.ts";
import { newTraceRoot } from "./lambda/variables.ts";

const traceHeader = "x-amzn-trace-id";

/** One request, answered. The path may hold ids, never card data. */
export interface AnsweredRequest {
  readonly method: string;
  readonly path: string;
  readonly statusCode: number;
  readonly durationMs: number;
  /** Root of its trace: the call log has its AWS calls under it. */
  readonly trace: string;
}

/** Gives each request a trace, unless its client did, and tells of each that was answered. */
export function traced(
  layer: HttpLayer,
  clock: () => number,
  tell: (request: AnsweredRequest) => void,
): HttpLayer {
  return {
    bodyBytesMax: layer.bodyBytesMax,
    refuseHead: (head) => layer.refuseHead(head),
    headersTooLarge: () => layer.headersTooLarge(),
    bodyTooLarge: () => layer.bodyTooLarge(),
    async answer(request) {
      const startedMs = clock();
      const { trace, headers } = traceOf(request, startedMs);
      const answer = await layer.answer({ ...request, headers });
      tell({
        method: request.method,
        path: request.target.split("?", 1)[0] ?? "",
        statusCode: answer.statusCode,
        durationMs: clock() - startedMs,
        trace,
      });
      return answer;
    },
  };
}

/** X-Ray's form of a root. A client's trace of another form is no trace to the functions, so it is none here. */
const rootPattern = /^1-[0-9a-f]{8}-[0-9a-f]{24}$/;

function traceOf(request: HttpRequest, nowMs: number): { trace: string; headers: readonly Header[] } {
  const given = traceRootOf(headerOf(request, traceHeader));
  if (given !== undefined && rootPattern.test(given)) return { trace: given, headers: request.headers };
  const trace = newTraceRoot(nowMs);
  const others = request.headers.filter(([name]) => name.toLowerCase() !== traceHeader);
  return { trace, headers: [...others, [traceHeader, `Root=${trace}`]] };
}
