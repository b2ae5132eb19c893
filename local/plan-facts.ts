import { z } from "zod";
import { parseAcquirerSettings } from "#adapters/acquirers/settings.ts";
import { sandboxUrl } from "./hosts.ts";
import { rolesOf } from "./iam/roles.ts";
import { type KeyPlan, keyIdOf } from "./kms/key.ts";
import type { FunctionDefinition } from "./lambda/function-definition.ts";
import { outputsOf, resourcesOf } from "./plan/load.ts";
import type { Plan } from "./plan/plan.ts";
import { Refusal } from "./process/refusal.ts";

const userPoolOutputs = z.object({
  id: z.string(),
  /** Host and path of its issuer URL. */
  endpoint: z.string(),
});

/** The Cognito user pool that issues the API's tokens. @throws Refusal when the plan has none. */
export function userPoolOf(plan: Plan): z.output<typeof userPoolOutputs> {
  const [pool] = resourcesOf(plan, "aws:cognito/userPool:UserPool");
  if (pool === undefined) throw new Refusal("the plan has no Cognito user pool: nobody could sign in");
  return outputsOf(pool, userPoolOutputs);
}

const apiOutputs = z.object({ apiEndpoint: z.string() });

/** Where functions are told that the HTTP API is. @throws Refusal when the plan has none. */
export function apiEndpointOf(plan: Plan): string {
  const [api] = resourcesOf(plan, "aws:apigatewayv2/api:Api");
  if (api === undefined) throw new Refusal("the plan has no HTTP API: there is nothing to call");
  return outputsOf(api, apiOutputs).apiEndpoint;
}

/** The table that merchants are onboarded into. @throws Refusal when no function of the plan reads one. */
export function merchantsTableOf(functions: readonly FunctionDefinition[]): string {
  const table = functions
    .map(({ variables }) => variables["MERCHANTS_TABLE"])
    .find((name) => name !== undefined);
  if (table === undefined)
    throw new Refusal("no function of the plan has a MERCHANTS_TABLE: there is nowhere to onboard");
  return table;
}

/** What a sandbox acquirer of the plan takes of each capture, in basis points; 0 for one that no function asks. */
export function costBpOf(functions: readonly FunctionDefinition[], sandbox: string): number {
  const settings = new Set(functions.map(({ variables }) => variables["ACQUIRERS"] ?? "[]"));
  const acquirers = [...settings].flatMap(parseAcquirerSettings);
  return acquirers.find(({ url }) => url === sandboxUrl(sandbox))?.costBp ?? 0;
}

/** A role that may leave files in a bucket, below the name of whoever has it. */
export interface DeliveryRole {
  readonly arn: string;
  readonly bucket: string;
}

/** The role of the plan by which this acquirer leaves files, if there is one: that may put below its name, and nowhere else. */
export function deliveryRoleOf(plan: Plan, acquirer: string): DeliveryRole | undefined {
  const below = new RegExp(`^arn:aws:s3:::([a-z0-9.-]+)/${acquirer}/\\*$`);
  for (const { arn, policies } of rolesOf(plan).values()) {
    const puts = policies.statements
      .flatMap(({ grants }) => grants)
      .filter(({ action }) => action === "s3:PutObject");
    const [bucket, ...others] = puts.map(({ resource }) => below.exec(resource)?.[1]);
    if (bucket !== undefined && others.length === 0) return { arn, bucket };
  }
  return undefined;
}

/** `payments` for `tallystick-local-payments`, and a key's alias for its id. */
export function namesForPeople({ app, stage }: Plan, keys: readonly KeyPlan[]): (resource: string) => string {
  const prefix = new RegExp(`^${app}-${stage}-(?=.)`);
  const keyNames = new Map(
    keys.map(({ arn, aliases: [alias] }) => [keyIdOf(arn), alias?.replace("alias/", "")] as const),
  );
  return (resource) => (keyNames.get(resource) ?? resource).replace(prefix, "");
}

/** Where the plan's hosts are here, but for the API itself, which has no port before it listens. */
export function hostsOf(
  plan: Plan,
  issuer: { readonly url: string },
  sandboxes: readonly { readonly name: string; readonly url: string }[],
): Map<string, string> {
  return new Map([
    [`https://${userPoolOf(plan).endpoint}`, issuer.url],
    ...sandboxes.map(({ name, url }) => [sandboxUrl(name), url] as const),
  ]);
}
