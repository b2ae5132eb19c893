import { randomBytes } from "node:crypto";
import { LambdaServiceError } from "../lambda/service-error.ts";
import { newTraceRoot } from "../lambda/variables.ts";
import type { ApiDefinition, RouteDefinition } from "./api-definition.ts";
import { type Decision, RequestAuthorizer } from "./authorizer.ts";
import { type EventContext, pathOf, proxyEvent } from "./event.ts";
import { answerOf } from "./function-answer.ts";
import {
  type HttpAnswer,
  type HttpLayer,
  type HttpRequest,
  headBytes,
  type RequestHead,
} from "./http-message.ts";
import { type InvokeFor, within } from "./invocation.ts";
import { RouteTable } from "./route-table.ts";
import { authorizerArnOf, routeArnOf } from "./source-arns.ts";
import { TokenBucket } from "./throttle.ts";

/** API Gateway's quotas of an HTTP API. */
const bodyBytesMax = 10 * 1024 * 1024;
const headBytesMax = 10_240;

/** One request, as the gateway's access log tells it. The path may hold ids, never card data. */
export interface AccessRecord {
  readonly requestId: string;
  readonly method: string;
  readonly path: string;
  /** Undefined when no route took the request. */
  readonly routeKey: string | undefined;
  readonly statusCode: number;
  readonly durationMs: number;
}

export interface GatewayOptions {
  readonly api: ApiDefinition;
  readonly invoke: InvokeFor;
  /** Epoch milliseconds. */
  readonly clock: () => number;
  readonly accessLog?: (record: AccessRecord) => void;
  /** Told of what a client sees only as 500 or 503. One line each. */
  readonly warn: (line: string) => void;
}

interface Route {
  readonly definition: RouteDefinition;
  readonly authorizer: RequestAuthorizer | undefined;
  readonly bucket: TokenBucket | undefined;
}

/** The answers that the gateway gives itself. Their text cannot be configured on AWS. */
const own = {
  forbidden: { statusCode: 403, message: "Forbidden" },
  headersTooLarge: { statusCode: 431, message: "Request Header Fields Too Large" },
  internal: { statusCode: 500, message: "Internal Server Error" },
  notFound: { statusCode: 404, message: "Not Found" },
  bodyTooLarge: { statusCode: 413, message: "Request Entity Too Large" },
  throttled: { statusCode: 429, message: "Too Many Requests" },
  unauthorized: { statusCode: 401, message: "Unauthorized" },
  unavailable: { statusCode: 503, message: "Service Unavailable" },
} as const;

/** API Gateway's HTTP API, without the network: requests in, answers out. */
export class HttpApiGateway implements HttpLayer {
  readonly bodyBytesMax: number = bodyBytesMax;
  readonly #options: GatewayOptions;
  readonly #routes: RouteTable<Route>;

  constructor(options: GatewayOptions) {
    this.#options = options;
    const authorizers = new Map<string, RequestAuthorizer>();
    this.#routes = new RouteTable(
      options.api.routes.map((definition) => ({
        key: definition.key,
        route: {
          definition,
          authorizer: sharedAuthorizer(authorizers, definition, options),
          bucket:
            definition.throttle === undefined
              ? undefined
              : new TokenBucket(
                  definition.throttle.ratePerSecond,
                  definition.throttle.burst,
                  options.clock(),
                ),
        },
      })),
    );
  }

  refuseHead(head: RequestHead): HttpAnswer | undefined {
    const { line, values } = headBytes(head);
    return line + values > headBytesMax ? this.headersTooLarge() : undefined;
  }

  headersTooLarge(): HttpAnswer {
    return ownAnswer("headersTooLarge", newRequestId());
  }

  bodyTooLarge(): HttpAnswer {
    return ownAnswer("bodyTooLarge", newRequestId());
  }

  async answer(request: HttpRequest): Promise<HttpAnswer> {
    const startedMs = this.#options.clock();
    const requestId = newRequestId();
    const path = pathOf(request.target);
    const match = this.#routes.match(request.method, path);
    const answer =
      match === undefined
        ? ownAnswer("notFound", requestId)
        : await this.#serve(request, match.route, this.#contextOf(match, requestId, startedMs));
    this.#options.accessLog?.({
      requestId,
      method: request.method,
      path,
      routeKey: match?.route.definition.key.text,
      statusCode: answer.statusCode,
      durationMs: this.#options.clock() - startedMs,
    });
    return answer;
  }

  #contextOf(
    match: { readonly route: Route; readonly pathParameters: ReadonlyMap<string, string> },
    requestId: string,
    timeEpochMs: number,
  ): EventContext {
    const { api } = this.#options;
    return {
      requestId,
      timeEpochMs,
      accountId: api.accountId,
      apiId: api.apiId,
      stage: api.stage,
      stageVariables: api.stageVariables,
      routeKey: match.route.definition.key.text,
      pathParameters: match.pathParameters,
      traceRoot: newTraceRoot(timeEpochMs),
    };
  }

  async #serve(request: HttpRequest, route: Route, context: EventContext): Promise<HttpAnswer> {
    if (route.bucket?.take(context.timeEpochMs) === false) return ownAnswer("throttled", context.requestId);
    const decision = await this.#authorize(request, route, context);
    switch (decision?.kind) {
      case "unauthorized":
      case "forbidden":
        return ownAnswer(decision.kind, context.requestId);
      case "failed":
        this.#warn(context, "its authorizer failed");
        return ownAnswer("internal", context.requestId);
      case "admitted":
        return this.#integrate(request, route, context, { lambda: decision.context });
      case undefined:
        return this.#integrate(request, route, context, undefined);
    }
  }

  async #authorize(request: HttpRequest, route: Route, context: EventContext): Promise<Decision | undefined> {
    return route.authorizer?.decide(request, context, this.#routeArn(request, context));
  }

  async #integrate(
    request: HttpRequest,
    { definition }: Route,
    context: EventContext,
    authorizer: { readonly lambda: unknown } | undefined,
  ): Promise<HttpAnswer> {
    const event = proxyEvent(request, context, authorizer);
    const trace = event.headers["x-amzn-trace-id"];
    const outcome = await within(
      this.#options.invoke(
        definition.functionArn,
        JSON.stringify(event),
        { ...(trace !== undefined && { trace }) },
        this.#routeArn(request, context),
      ),
      definition.timeoutMs,
    );
    if (outcome.kind === "late") {
      this.#warn(context, `its function did not answer in ${definition.timeoutMs} ms`);
      return ownAnswer("unavailable", context.requestId);
    }
    if (outcome.kind === "failed") return this.#notInvoked(outcome.thrown, context);
    if (outcome.value.functionError !== undefined) {
      this.#warn(context, `its function failed: ${errorTypeIn(outcome.value.payload)}`);
      return ownAnswer("internal", context.requestId);
    }
    const answer = answerOf(outcome.value.payload);
    if (answer === undefined) this.#warn(context, "its function answered in no form of payload 2.0");
    return answer === undefined
      ? ownAnswer("internal", context.requestId)
      : { ...answer, headers: [...answer.headers, requestIdHeader(context.requestId)] };
  }

  #notInvoked(thrown: unknown, context: EventContext): HttpAnswer {
    this.#warn(context, `its function was not invoked: ${String(thrown)}`);
    const isThrottled = thrown instanceof LambdaServiceError && thrown.name === "TooManyRequestsException";
    return ownAnswer(isThrottled ? "unavailable" : "internal", context.requestId);
  }

  #routeArn({ method }: HttpRequest, { routeKey }: EventContext): string {
    return routeArnOf(this.#options.api, routeKey, method);
  }

  #warn(context: EventContext, what: string): void {
    this.#options.warn(`request ${context.requestId} of ${context.routeKey}: ${what}`);
  }
}

/** Routes that name the same authorizer share its cache. */
function sharedAuthorizer(
  authorizers: Map<string, RequestAuthorizer>,
  { authorizer }: RouteDefinition,
  { api, invoke }: GatewayOptions,
): RequestAuthorizer | undefined {
  if (authorizer === undefined) return undefined;
  const sourceArn = authorizerArnOf(api, authorizer);
  const shared =
    authorizers.get(authorizer.name) ??
    new RequestAuthorizer(authorizer, (arn, payload, how) => invoke(arn, payload, how, sourceArn));
  authorizers.set(authorizer.name, shared);
  return shared;
}

function ownAnswer(kind: keyof typeof own, requestId: string): HttpAnswer {
  const { statusCode, message } = own[kind];
  return {
    statusCode,
    headers: [["content-type", "application/json"], requestIdHeader(requestId)],
    body: JSON.stringify({ message }),
  };
}

function requestIdHeader(requestId: string): readonly [string, string] {
  return ["apigw-requestid", requestId];
}

/** API Gateway's own ids look like `JKJaXmPLvHcESHA=`. */
function newRequestId(): string {
  return randomBytes(11).toString("base64url").concat("=");
}

/** Only the error's type: its message may quote what the client sent. */
function errorTypeIn(payload: string): string {
  const { errorType } = JSON.parse(payload) as { errorType?: unknown };
  return String(errorType);
}
