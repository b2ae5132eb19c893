import type { Answer, Page } from "./answer.ts";
import { Problem } from "./problem.ts";
import type { ApiRequest } from "./request.ts";

type Method = "GET" | "POST" | "PATCH" | "DELETE";
type Endpoint<Said = Answer> = (request: ApiRequest, remainingMs: () => number) => Promise<Said>;
/** An endpoint for browsers: what they accept is no matter, since nothing else is there for them. */
interface ForBrowsers {
  readonly page: Endpoint<Page>;
}

/** Endpoints by path and method. Paths name their parts as `:name`. */
export type Routes = Readonly<Record<string, Readonly<Partial<Record<Method, Endpoint | ForBrowsers>>>>>;

/**
 * Finds the endpoint of a request. The gateway sends a whole prefix here, so that a wrong verb gets our own answer.
 * @throws Problem 404, 405 or 406.
 */
export function createRouter(routes: Routes): Endpoint<Answer | Page> {
  const compiled = Object.entries(routes).map(([path, methods]) => ({ segments: path.split("/"), methods }));
  return async (request, remainingMs) => {
    for (const { segments, methods } of compiled) {
      const parameters = match(segments, request.path.split("/"));
      if (parameters === undefined) continue;
      // Own properties only: `constructor` is a method that HTTP allows.
      const endpoint = Object.hasOwn(methods, request.method) ? methods[request.method as Method] : undefined;
      if (endpoint === undefined)
        throw new Problem("method_not_allowed", { headers: { allow: Object.keys(methods).join(", ") } });
      const matched = { ...request, parameters };
      if ("page" in endpoint) return endpoint.page(matched, remainingMs);
      requireJsonAccepted(request);
      return endpoint(matched, remainingMs);
    }
    throw new Problem("not_found");
  };
}

function match(pattern: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== path.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, segment] of pattern.entries()) {
    const actual = path[index] ?? "";
    if (segment.startsWith(":") && actual !== "") parameters[segment.slice(1)] = actual;
    else if (segment !== actual) return undefined;
  }
  return parameters;
}

/** RFC 9110, 12.5.1: of the ranges that match JSON the most specific decides; `q=0` refuses. */
function requireJsonAccepted({ headers }: ApiRequest): void {
  const ranges = (headers["accept"] || "*/*").split(",").map((range) => {
    const [type = "", ...parameters] = range
      .trim()
      .toLowerCase()
      .split(";")
      .map((part) => part.trim());
    return { type, refused: parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)) };
  });
  const best = ["application/json", "application/problem+json", "application/*", "*/*"]
    .map((type) => ranges.find((range) => range.type === type))
    .find((range) => range !== undefined);
  if (best === undefined || best.refused) throw new Problem("not_acceptable");
}
