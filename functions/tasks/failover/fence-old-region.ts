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
    // What is attached is attached once, however often it is asked for.
    await inLanes(roles, atOnce, async (role) => {
      await client.send(new AttachRolePolicyCommand({ RoleName: role, PolicyArn: policyArn }));
    });
    return { denied: roles.length };
  },
);
