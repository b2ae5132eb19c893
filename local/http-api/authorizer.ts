import { z } from "zod";
import type { AuthorizerDefinition } from "./api-definition.ts";
import { authorizerEvent, type EventContext, queryParametersOf, rawQueryOf } from "./event.ts";
import { type HttpRequest, headerOf } from "./http-message.ts";
import { type Invoke, within } from "./invocation.ts";

/** API Gateway's limit for an authorizer's answer. */
const authorizerMsMax = 10_000;
const cachedDecisionsMax = 1_000;
/** The text that an authorizer throws to ask for a 401. */
const unauthorizedMessage = "Unauthorized";

export type Decision =
  | { readonly kind: "admitted"; readonly context: unknown }
  | { readonly kind: "forbidden" }
  | { readonly kind: "unauthorized" }
  /** The function failed, was late, or answered in no known form. */
  | { readonly kind: "failed" };

const simpleResponse = z.object({
  isAuthorized: z.boolean(),
  context: z.record(z.string(), z.unknown()).nullish(),
});
const thrownUnauthorized = z.object({ errorMessage: z.literal(unauthorizedMessage) });

/** A Lambda authorizer: payload format 2.0, simple responses. */
export class RequestAuthorizer {
  readonly #definition: AuthorizerDefinition;
  readonly #invoke: Invoke;
  readonly #cache = new Map<string, { readonly decision: Decision; readonly expiresMs: number }>();

  constructor(definition: AuthorizerDefinition, invoke: Invoke) {
    this.#definition = definition;
    this.#invoke = invoke;
  }

  async decide(request: HttpRequest, context: EventContext, routeArn: string): Promise<Decision> {
    const identity = this.#definition.identitySources.map((source) =>
      identityValueOf(source, request, context),
    );
    const values = identity.filter((value) => value !== undefined);
    if (values.length < identity.length) return { kind: "unauthorized" };
    if (this.#definition.ttlSeconds === 0) return this.#ask(request, context, routeArn, values);
    const key = JSON.stringify(values);
    const cached = this.#cache.get(key);
    if (cached !== undefined && cached.expiresMs > context.timeEpochMs) return cached.decision;
    const decision = await this.#ask(request, context, routeArn, values);
    if (decision.kind !== "failed") this.#keep(key, decision, context.timeEpochMs);
    return decision;
  }

  async #ask(
    request: HttpRequest,
    context: EventContext,
    routeArn: string,
    identitySource: readonly string[],
  ): Promise<Decision> {
    const event = authorizerEvent(request, context, { routeArn, identitySource });
    const trace = event.headers?.["x-amzn-trace-id"];
    const outcome = await within(
      this.#invoke(this.#definition.functionArn, JSON.stringify(event), {
        ...(trace !== undefined && { trace }),
      }),
      authorizerMsMax,
    );
    if (outcome.kind !== "answered") return { kind: "failed" };
    const { payload, functionError } = outcome.value;
    const response: unknown = JSON.parse(payload);
    if (functionError !== undefined) {
      return { kind: thrownUnauthorized.safeParse(response).success ? "unauthorized" : "failed" };
    }
    const parsed = simpleResponse.safeParse(response);
    if (!parsed.success) return { kind: "failed" };
    if (!parsed.data.isAuthorized) return { kind: "forbidden" };
    return { kind: "admitted", context: parsed.data.context ?? null };
  }

  #keep(key: string, decision: Decision, nowMs: number): void {
    const [oldest] = this.#cache.keys();
    if (this.#cache.size >= cachedDecisionsMax && oldest !== undefined) this.#cache.delete(oldest);
    this.#cache.set(key, { decision, expiresMs: nowMs + this.#definition.ttlSeconds * 1_000 });
  }
}

function identityValueOf(source: string, request: HttpRequest, context: EventContext): string | undefined {
  if (source === "$context.routeKey") return context.routeKey;
  const [, place, name = ""] = /^\$request\.(header|querystring)\.(.+)$/.exec(source) ?? [];
  const value =
    place === "header"
      ? headerOf(request, name.toLowerCase())
      : queryParametersOf(rawQueryOf(request.target)).get(name);
  return value === "" ? undefined : value;
}
