import { type FunctionName, functions } from "./functions.ts";
import { nameIn, physicalName } from "./naming.ts";
import { type PairedRegion, peerRegion } from "./pair.ts";
import type { Permission } from "./permissions.ts";
import { reconcilerRole } from "./reconciler-pods.ts";
import type { StageSettings } from "./settings.ts";

/** Denies everything. A failover attaches it to the roles of the region that is left, and people take it off again. */
const fencePolicyName = (stage: string): string => nameIn(stage, "Fenced");

const names = Object.keys(functions) as FunctionName[];
/** Not who fills the warehouse: it moves no money, and is there only where a warehouse is. */
const rolesOf = ({ stage, reconciles }: PairedRegion): string[] =>
  [
    ...names.filter((name) => functions[name].loads === undefined),
    ...(reconciles ? [reconcilerRole] : []),
  ].map((name) => nameIn(stage, name));
const consumers = (): string[] =>
  names.filter((name) => functions[name].consumes !== undefined).map((name) => physicalName(name));
const schedules = (): string[] =>
  names.filter((name) => functions[name].every !== undefined).map((name) => physicalName(name));

/** What `FenceOldRegion` is told. Nothing where there is no other region. */
export function fenceVariables(settings: StageSettings): Record<string, $util.Input<string>> {
  const peer = peerRegion(settings);
  if (peer === undefined) return {};
  return { FENCED_ROLES: JSON.stringify(rolesOf(peer)), FENCE_POLICY_ARN: fencePolicyArn(peer) };
}

/**
 * It may attach one policy, which denies, to the functions' roles of one stage: it can take away from them, and give
 * nothing to anybody.
 */
export function fencePermissions(settings: StageSettings): Permission[] {
  const peer = peerRegion(settings);
  if (peer === undefined) return [];
  const { accountId } = aws.getCallerIdentityOutput();
  return [
    {
      actions: ["iam:AttachRolePolicy"],
      resources: rolesOf(peer).map((role) => $interpolate`arn:aws:iam::${accountId}:role/${role}`),
      conditions: [{ test: "ArnEquals", variable: "iam:PolicyARN", values: [fencePolicyArn(peer)] }],
    },
  ];
}

function fencePolicyArn({ stage }: PairedRegion): $util.Output<string> {
  const { accountId } = aws.getCallerIdentityOutput();
  return $interpolate`arn:aws:iam::${accountId}:policy/${fencePolicyName(stage)}`;
}

/** The policy that denies this stage's own roles, for its peer to attach. Nobody has it until then. */
export function createFence(settings: StageSettings): void {
  if (settings.pair === undefined) return;
  new aws.iam.Policy("Fenced", {
    name: fencePolicyName(settings.stage),
    description: "Another region has taken over: nothing that this one's functions do may count any more",
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Sid: "Fenced", Effect: "Deny", Action: "*", Resource: "*" }],
    }),
  });
}

/** What `EnableSources` is told: what a region that stands by has disabled. */
export function sourceVariables({ pair }: StageSettings): Record<string, $util.Input<string>> {
  if (pair === undefined) return {};
  return {
    STANDBY_CONSUMERS: JSON.stringify(consumers()),
    STANDBY_SCHEDULES: JSON.stringify(schedules()),
  };
}

export function sourcePermissions({ pair, region }: StageSettings): Permission[] {
  if (pair === undefined) return [];
  const { accountId } = aws.getCallerIdentityOutput();
  const arnOf = (service: string, resource: string) =>
    $interpolate`arn:aws:${service}:${region}:${accountId}:${resource}`;
  return [
    {
      actions: ["lambda:UpdateEventSourceMapping"],
      // Its id is AWS's, and known once it is there: whose it is limits it.
      resources: [arnOf("lambda", "event-source-mapping:*")],
      conditions: [
        {
          test: "ArnEquals",
          variable: "lambda:FunctionArn",
          values: consumers().map((name) => arnOf("lambda", `function:${name}`)),
        },
      ],
    },
    { actions: ["events:EnableRule"], resources: schedules().map((name) => arnOf("events", `rule/${name}`)) },
  ];
}
