/** `$default`, or a method (or `ANY`) and a path: `POST /v1/payments/{id}/capture`, `ANY /v1/{proxy+}`. */
export interface RouteKey {
  readonly text: string;
  readonly method: string;
  readonly segments: readonly Segment[];
}

type Segment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "parameter"; readonly name: string }
  /** Takes the rest of the path, of one segment at least. */
  | { readonly kind: "greedy"; readonly name: string };

const defaultKey = "$default";
const anyMethod = "ANY";
const keyPattern = /^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS|ANY) (\/\S*)$/;
const segmentPattern = /^\{([\w.:-]+)(\+?)\}$/;
/** Left to right, the more specific kind wins. */
const specificity: Readonly<Record<Segment["kind"], number>> = { literal: 0, parameter: 1, greedy: 2 };

/** @returns undefined when API Gateway would refuse the key. */
export function parseRouteKey(text: string): RouteKey | undefined {
  if (text === defaultKey) return { text, method: anyMethod, segments: [] };
  const [, method, path] = keyPattern.exec(text) ?? [];
  if (method === undefined || path === undefined) return undefined;
  const segments: Segment[] = [];
  for (const part of partsOf(path)) {
    const [, name, plus] = segmentPattern.exec(part) ?? [];
    // A greedy variable ends its path.
    if (segments.at(-1)?.kind === "greedy") return undefined;
    if (name !== undefined) segments.push({ kind: plus === "+" ? "greedy" : "parameter", name });
    else if (/[{}]/.test(part)) return undefined;
    else segments.push({ kind: "literal", text: part });
  }
  return { text, method, segments };
}

interface RouteMatch<Route> {
  readonly route: Route;
  /** Values of the path variables. */
  readonly pathParameters: ReadonlyMap<string, string>;
}

interface Entry<Route> {
  readonly key: RouteKey;
  readonly route: Route;
}

/** The routes of an HTTP API, and which of them takes a request. */
export class RouteTable<Route> {
  readonly #default: Route | undefined;
  readonly #entries: readonly Entry<Route>[];

  constructor(entries: readonly Entry<Route>[]) {
    this.#default = entries.find(({ key }) => key.text === defaultKey)?.route;
    this.#entries = entries.filter(({ key }) => key.text !== defaultKey).sort(bySpecificity);
  }

  /**
   * `path`: decoded, without its query.
   * AWS's order: a match of the whole path, then of a greedy variable, then `$default`; inside each a method before
   * `ANY`, then the path from the left, literals before variables. A path known under other methods only is no match:
   * the gateway never answers 405.
   */
  match(method: string, path: string): RouteMatch<Route> | undefined {
    const parts = partsOf(path);
    for (const { key, route } of this.#entries) {
      if (key.method !== method && key.method !== anyMethod) continue;
      const pathParameters = capture(key.segments, parts);
      if (pathParameters !== undefined) return { route, pathParameters };
    }
    return this.#default === undefined ? undefined : { route: this.#default, pathParameters: new Map() };
  }
}

function partsOf(path: string): readonly string[] {
  return path.split("/").slice(1);
}

function bySpecificity(left: Entry<unknown>, right: Entry<unknown>): number {
  const greedy = Number(isGreedy(left.key)) - Number(isGreedy(right.key));
  if (greedy !== 0) return greedy;
  const method = Number(left.key.method === anyMethod) - Number(right.key.method === anyMethod);
  if (method !== 0) return method;
  for (const [index, segment] of left.key.segments.entries()) {
    const other = right.key.segments[index];
    if (other === undefined) return -1;
    const order = specificity[segment.kind] - specificity[other.kind];
    if (order !== 0) return order;
  }
  return left.key.segments.length - right.key.segments.length;
}

function isGreedy(key: RouteKey): boolean {
  return key.segments.at(-1)?.kind === "greedy";
}

function capture(
  segments: readonly Segment[],
  parts: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const captured = new Map<string, string>();
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (part === undefined) return undefined;
    if (segment.kind === "greedy") {
      const rest = parts.slice(index).join("/");
      return rest === "" ? undefined : captured.set(segment.name, rest);
    }
    if (segment.kind === "literal" ? segment.text !== part : part === "") return undefined;
    if (segment.kind === "parameter") captured.set(segment.name, part);
  }
  return parts.length === segments.length ? captured : undefined;
}
