import { Logger } from "@aws-lambda-powertools/logger";
import middy, { type MiddlewareObj } from "@middy/core";
import type { APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import { UserPoolUnavailable } from "#adapters/cognito/errors.ts";
import { StoreContention, StoreUnavailable, WriterFenced } from "#adapters/dynamodb/errors.ts";
import { KeysUnavailable } from "#adapters/kms/errors.ts";
import { TopicUnavailable } from "#adapters/sns/errors.ts";
import { optionalVariable } from "#functions/environment.ts";
import { originCheckOf } from "./origin.ts";
import { Problem, unavailable } from "./problem.ts";
import { type GatewayEvent, requestOf } from "./request.ts";
import { createRouter, type Routes } from "./router.ts";

type Result = APIGatewayProxyStructuredResultV2;

const checkOrigin = originCheckOf(optionalVariable("ORIGIN_SECRETS"));

/**
 * The Lambda handler of one prefix of the API.
 * @param check refuses what went around the edge, before anything else is looked at.
 */
export function apiHandler(routes: Routes, check = checkOrigin) {
  const route = createRouter(routes);
  // middy would answer shortly before the timeout, for a handler that still runs: what that does then contradicts it.
  return middy<GatewayEvent, Result>({ timeoutEarlyInMillis: 0 })
    .use(problems())
    .handler(async (event: GatewayEvent, context: Context): Promise<Result> => {
      check(event.headers);
      const answer = await route(requestOf(event), () => context.getRemainingTimeInMillis());
      return {
        statusCode: answer.statusCode,
        headers: {
          "content-type": "html" in answer ? "text/html; charset=utf-8" : "application/json",
          "request-id": event.requestContext.requestId,
          ...answer.headers,
        },
        body: "html" in answer ? answer.html : answer.json,
      };
    });
}

const logger = new Logger({ serviceName: "api" });

/** Turns what was thrown into `application/problem+json`. What nobody foresaw is logged, and told to no one. */
function problems(): MiddlewareObj<GatewayEvent, Result> {
  return {
    onError: (request) => {
      const requestId = request.event.requestContext.requestId;
      const problem = problemOf(request.error);
      if (problem.statusCode >= 500)
        logger.error("request failed", { request_id: requestId, error: request.error as Error });
      request.response = {
        statusCode: problem.statusCode,
        headers: {
          "content-type": "application/problem+json",
          "request-id": requestId,
          ...problem.details.headers,
        },
        body: problem.toBody(requestId),
      };
    },
  };
}

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (
    error instanceof StoreUnavailable ||
    error instanceof StoreContention ||
    // The same request, sent again, is led to the region that has taken over.
    error instanceof WriterFenced ||
    error instanceof KeysUnavailable ||
    error instanceof UserPoolUnavailable ||
    error instanceof TopicUnavailable
  )
    return unavailable();
  return new Problem("internal_error", {
    detail:
      "Whether anything was done is not known. Send the same request again, with the same Idempotency-Key.",
  });
}
