import type { Decision } from "./guard.ts";
import { arnPatternOf, patternOf } from "./pattern.ts";
import type { Role } from "./roles.ts";
import { reasonFor } from "./unreached-grants.ts";

/** One action on one resource that a role of the plan may do. */
export interface PlannedGrant {
  /** Logical name of the role. */
  readonly role: string;
  readonly action: string;
  readonly resource: string;
}

/** How the plan's grants stand to what was asked of IAM. */
export interface GrantReport {
  readonly used: readonly PlannedGrant[];
  /** Grants that a test should use, or that should go. */
  readonly unused: readonly PlannedGrant[];
  /** Unused, and known to be needed. */
  readonly unreached: readonly (PlannedGrant & { readonly because: string })[];
  /** For what AWS's services do on their own in a role's name, and nothing here does. */
  readonly unseen: readonly PlannedGrant[];
  /** What was asked for and not granted, each once. */
  readonly denied: readonly PlannedGrant[];
}

/** Lambda and Step Functions use these themselves, and no call of a function shows it; pods do so by calls. */
const servicesOwn = /^(?:logs|xray):/;

/**
 * Compares the grants of the roles with the decisions of a run of the tests.
 * @param reasonOf why a grant is needed though no test has to use it
 */
export function grantReportOf(
  roles: Iterable<Role>,
  decisions: readonly Decision[],
  reasonOf: (grant: PlannedGrant) => string | undefined = reasonFor,
): GrantReport {
  const byArn = new Map([...roles].map((role) => [role.arn, role]));
  const used: PlannedGrant[] = [];
  const unused: PlannedGrant[] = [];
  const unreached: (PlannedGrant & { because: string })[] = [];
  const unseen: PlannedGrant[] = [];
  for (const role of byArn.values()) {
    const asked = decisions.filter(({ roleArn, verdict }) => roleArn === role.arn && verdict === "allowed");
    for (const grant of grantsOf(role)) {
      const because = reasonOf(grant);
      if (asked.some(isUnder(grant))) used.push(grant);
      else if (servicesOwn.test(grant.action)) unseen.push(grant);
      else if (because === undefined) unused.push(grant);
      else unreached.push({ ...grant, because });
    }
  }
  const denied = decisions
    .filter(({ verdict }) => verdict !== "allowed")
    .map(({ roleArn, action, resource }) => ({
      role: byArn.get(roleArn)?.logicalName ?? roleArn,
      action,
      resource,
    }));
  return { used, unused, unreached, unseen, denied };
}

function grantsOf({ logicalName, policies }: Role): readonly PlannedGrant[] {
  return policies.statements
    .filter(({ effect }) => effect === "Allow")
    .flatMap(({ grants }) => grants.map((grant) => ({ role: logicalName, ...grant })));
}

function isUnder(grant: PlannedGrant): (decision: Decision) => boolean {
  const action = patternOf(grant.action.toLowerCase());
  const resource = arnPatternOf(grant.resource);
  return (decision) => action(decision.action.toLowerCase()) && resource(decision.resource);
}

/** The report, for people. */
export function linesOf({ used, unused, unreached, unseen, denied }: GrantReport): readonly string[] {
  const section = (
    title: string,
    grants: readonly (PlannedGrant & { because?: string })[],
  ): readonly string[] =>
    grants.length === 0
      ? []
      : [
          title,
          ...grants.map(
            ({ role, action, resource, because }) =>
              `  ${role}  ${action}  ${resource}${because === undefined ? "" : `: ${because}`}`,
          ),
        ];
  return [
    `${used.length} grants were used.`,
    ...section(
      `${unreached.length} are needed though no test used them (local/iam/unreached-grants.ts):`,
      unreached,
    ),
    ...section(`${unused.length} were not used by any test: show their use, or take them away:`, unused),
    `${unseen.length} are for what AWS's services do themselves (logs, traces), which nothing here does.`,
    ...section(`${denied.length} calls were denied:`, denied),
    ...(denied.length === 0 ? ["No call was denied."] : []),
  ];
}
