import { z } from "zod";
import { functionArnOf } from "../lambda/function-definition.ts";
import { inputsOf, outputsOf, resourcesOf } from "../plan/load.ts";
import type { Plan, PlanResource } from "../plan/plan.ts";
import { Refusal } from "../process/refusal.ts";
import { parseRouteKey, type RouteKey } from "./route-table.ts";

/** An HTTP API of the plan, its references followed. */
export interface ApiDefinition {
  readonly apiId: string;
  readonly region: string;
  readonly accountId: string;
  readonly stage: string;
  readonly stageVariables: Readonly<Record<string, string>>;
  readonly routes: readonly RouteDefinition[];
}

export interface RouteDefinition {
  readonly key: RouteKey;
  readonly functionArn: string;
  readonly timeoutMs: number;
  readonly authorizer: AuthorizerDefinition | undefined;
  /** Requests a second, and at once; undefined leaves the account's limits, which a laptop does not reach. */
  readonly throttle: { readonly ratePerSecond: number; readonly burst: number } | undefined;
}

export interface AuthorizerDefinition {
  readonly id: string;
  readonly name: string;
  readonly functionArn: string;
  /** `$request.header.Authorization` and the like; a request that lacks one is refused before the function runs. */
  readonly identitySources: readonly string[];
  /** 0 asks the function for every request. */
  readonly ttlSeconds: number;
}

const prefix = "aws:apigatewayv2";
const integrationMsMax = 30_000;
const throttling = {
  throttlingBurstLimit: z.int().min(0).optional(),
  throttlingRateLimit: z.number().min(0).optional(),
};
const inNoRolesName = z
  .undefined(
    "functions are invoked in API Gateway's own name here: let it in by a permission, without a role",
  )
  .optional();
const apiInputs = z.object({ name: z.string(), protocolType: z.literal("HTTP") });
const stageInputs = z.object({
  apiId: z.string(),
  name: z.literal("$default", "serves a stage under a path; only $default is served here"),
  stageVariables: z.record(z.string(), z.string()).default({}),
  defaultRouteSettings: z.object(throttling).optional(),
  routeSettings: z.array(z.object({ routeKey: z.string(), ...throttling })).default([]),
});
const integrationInputs = z.object({
  apiId: z.string(),
  integrationType: z.literal("AWS_PROXY"),
  integrationUri: z.string(),
  payloadFormatVersion: z.literal("2.0"),
  timeoutMilliseconds: z.int().min(50).max(integrationMsMax).default(integrationMsMax),
  credentialsArn: inNoRolesName,
});
const authorizerInputs = z.object({
  apiId: z.string(),
  name: z.string(),
  authorizerType: z.literal("REQUEST", "JWT authorizers do not run here yet"),
  authorizerUri: z.string(),
  authorizerPayloadFormatVersion: z.literal("2.0"),
  authorizerCredentialsArn: inNoRolesName,
  enableSimpleResponses: z.literal(true, "answers with IAM policies, which are not read here"),
  identitySources: z
    .array(z.string().regex(/^\$request\.(header|querystring)\.[^.\s]+$|^\$context\.routeKey$/))
    .default([]),
  authorizerResultTtlInSeconds: z.int().min(0).max(3_600).optional(),
});
const routeInputs = z.object({
  apiId: z.string(),
  routeKey: z.string(),
  target: z.string().startsWith("integrations/"),
  authorizationType: z.enum(["NONE", "CUSTOM"]).default("NONE"),
  authorizerId: z.string().optional(),
});

/**
 * The HTTP API of the plan.
 * @throws Refusal when the plan has none or several, or asks for what cannot be run here: a request would get an
 * answer that AWS does not give.
 */
export function apiOf(plan: Plan): ApiDefinition {
  const apis = resourcesOf(plan, `${prefix}/api:Api`);
  const [api] = apis;
  if (api === undefined || apis.length > 1) {
    throw new Refusal(`the plan has ${apis.length} HTTP APIs; the local cloud serves one`);
  }
  inputsOf(api, apiInputs);
  if (api.inputs["corsConfiguration"] !== undefined) {
    throw new Refusal(
      `the plan's HTTP API ${api.name} answers CORS itself, which the local gateway does not`,
    );
  }
  const stage = onlyStageOf(plan, api);
  return {
    apiId: idOf(api),
    region: plan.region,
    accountId: plan.account,
    stage: stage.name,
    stageVariables: stage.stageVariables,
    routes: routesOf(plan, api, stage),
  };
}

function onlyStageOf(plan: Plan, api: PlanResource): z.infer<typeof stageInputs> {
  const stages = resourcesOf(plan, `${prefix}/stage:Stage`).map((resource) =>
    inputsOf(resource, stageInputs),
  );
  const [stage] = stages.filter(({ apiId }) => isNamed(api, apiId));
  if (stage === undefined) throw new Refusal(`the plan's HTTP API ${api.name} has no stage that serves it`);
  return stage;
}

function routesOf(
  plan: Plan,
  api: PlanResource,
  stage: z.infer<typeof stageInputs>,
): readonly RouteDefinition[] {
  const integrations = resourcesOf(plan, `${prefix}/integration:Integration`);
  const authorizers = resourcesOf(plan, `${prefix}/authorizer:Authorizer`);
  // Also those that no route names yet: what does not run here is said at the start.
  for (const authorizer of authorizers) inputsOf(authorizer, authorizerInputs);
  const seen = new Set<string>();
  return resourcesOf(plan, `${prefix}/route:Route`).flatMap((resource) => {
    const inputs = inputsOf(resource, routeInputs);
    if (!isNamed(api, inputs.apiId)) return [];
    const key = parseRouteKey(inputs.routeKey);
    if (key === undefined)
      throw new Refusal(`the plan's route ${resource.name} has the key ${inputs.routeKey}`);
    if (seen.has(key.text)) throw new Refusal(`the plan has two routes ${key.text}`);
    seen.add(key.text);
    const integration = inputsOf(
      referred(integrations, inputs.target.slice("integrations/".length), resource),
      integrationInputs,
    );
    const functionArn = functionArnOf(integration.integrationUri);
    return [
      {
        key,
        functionArn,
        timeoutMs: integration.timeoutMilliseconds,
        authorizer: authorizerOf(authorizers, inputs, resource),
        throttle: throttleOf(stage, key.text),
      },
    ];
  });
}

function authorizerOf(
  authorizers: readonly PlanResource[],
  route: z.infer<typeof routeInputs>,
  resource: PlanResource,
): AuthorizerDefinition | undefined {
  if (route.authorizationType === "NONE") return undefined;
  if (route.authorizerId === undefined) {
    throw new Refusal(`the plan's route ${resource.name} is authorized by nobody`);
  }
  const found = referred(authorizers, route.authorizerId, resource);
  const inputs = inputsOf(found, authorizerInputs);
  const isCacheable = inputs.identitySources.length > 0;
  const ttlSeconds = inputs.authorizerResultTtlInSeconds ?? (isCacheable ? undefined : 0);
  // The provider's default is 300: an authorizer that does not say it would be cached on AWS only.
  if (ttlSeconds === undefined || (!isCacheable && ttlSeconds > 0)) {
    throw new Refusal(
      `the plan's authorizer ${found.name} needs an authorizerResultTtlInSeconds${isCacheable ? "" : " of 0, because it has no identity source"}`,
    );
  }
  return {
    id: idOf(found),
    name: inputs.name,
    functionArn: functionArnOf(inputs.authorizerUri),
    identitySources: inputs.identitySources,
    ttlSeconds,
  };
}

function throttleOf(stage: z.infer<typeof stageInputs>, routeKey: string): RouteDefinition["throttle"] {
  const own = stage.routeSettings.find((settings) => settings.routeKey === routeKey);
  const ratePerSecond = own?.throttlingRateLimit ?? stage.defaultRouteSettings?.throttlingRateLimit;
  const burst = own?.throttlingBurstLimit ?? stage.defaultRouteSettings?.throttlingBurstLimit;
  return ratePerSecond === undefined || burst === undefined ? undefined : { ratePerSecond, burst };
}

function referred(candidates: readonly PlanResource[], id: string, user: PlanResource): PlanResource {
  const found = candidates.find((candidate) => isNamed(candidate, id));
  if (found === undefined)
    throw new Refusal(`the plan's ${user.name} refers to ${id}, which is not in the plan`);
  return found;
}

const identity = z.object({ id: z.string().optional() });

function idOf(resource: PlanResource): string {
  return outputsOf(resource, identity).id ?? String(resource.inputs["name"] ?? resource.name);
}

/** A plan refers to a resource by the id that its provider would give, or by its name where it has none. */
function isNamed(resource: PlanResource, reference: string): boolean {
  return [idOf(resource), resource.name, resource.inputs["name"], resource.urn].includes(reference);
}
