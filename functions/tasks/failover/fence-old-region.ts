import { AttachRolePolicyCommand, IAMClient } from "@aws-sdk/client-iam";
import middy from "@middy/core";
import { optionalVariable } from "#functions/environment.ts";
import { inLanes } from "#functions/lanes.ts";
import { type Fenced, stepInput } from "#workflows/failover/contract.ts";

/** IAM takes a few changes a second. */
const atOnce = 4;
const attemptsMax = 6;

const client = new IAMClient({ maxAttempts: attemptsMax });

/**
 * Attaches the policy that denies everything to the roles of the other region's functions. Both are the stage's own: it
 * may attach no other policy, and to no other role (stacks/failover.ts). Where no other region is, there is nothing to do.
 */
export const handler = middy<unknown, Fenced>({ timeoutEarlyInMillis: 0 }).handler(
  async (event: unknown): Promise<Fenced> => {
    stepInput.parse(event);
    const roles = JSON.parse(optionalVariable("FENCED_ROLES") ?? "[]") as readonly string[];
    const policyArn = optionalVariable("FENCE_POLICY_ARN");
    const failed: RoleNotDenied[] = [];
    // What is attached is attached once, however often it is asked for.
    await inLanes(roles, atOnce, async (role) => {
      try {
        await client.send(new AttachRolePolicyCommand({ RoleName: role, PolicyArn: policyArn }));
      } catch (cause) {
        // The others are fenced all the same.
        failed.push({ role, cause });
      }
    });
    if (failed.length > 0) throw new RolesNotDenied(failed, roles.length);
    return { denied: roles.length };
  },
);

interface RoleNotDenied {
  readonly role: string;
  readonly cause: unknown;
}

/** Roles of the other region that may still do what they could, by name: a person denies them (docs/runbooks/failover.md). */
export class RolesNotDenied extends Error {
  override readonly name = "RolesNotDenied";

  constructor(failed: readonly RoleNotDenied[], of: number) {
    const names = failed.map(({ role }) => role).toSorted();
    // Most often all for the same reason.
    const reasons = new Set(
      failed.map(({ cause }) => (cause instanceof Error ? cause.message : String(cause))),
    );
    super(`${names.length} of ${of} roles: ${names.join(", ")}: ${[...reasons].join("; ")}`);
  }
}
