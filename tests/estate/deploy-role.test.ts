import { beforeAll, describe, expect, it } from "vitest";
import type { Statement } from "./committed-plan.ts";
import type { PlanView } from "./plan-view.ts";
import { renderStage } from "./render-stage.ts";

let account: PlanView;
let security: PlanView;
beforeAll(async () => {
  account = await renderStage("account-production");
  security = await renderStage("account-security");
});

describe("the role that deploys", () => {
  it("makes roles of its stage only, and none without the ceiling", () => {
    const role = account.resource<{
      inlinePolicies: readonly { policy: { Statement: readonly Statement[] } }[];
    }>("Deploy");
    const statements = role.inputs.inlinePolicies.flatMap(({ policy }) => policy.Statement);
    const own = ["production", "deliverer-production"].map(
      (names) => `arn:aws:iam::123456789012:role/tallystick-${names}-*`,
    );
    const making = statements.find(({ Action }) => [Action].flat().includes("iam:CreateRole"));
    expect(making).toMatchObject({
      Resource: own,
      Condition: {
        StringEquals: {
          "iam:PermissionsBoundary": "arn:aws:iam::123456789012:policy/tallystick-workload-boundary",
        },
      },
    });
    // The deploy role, the break-glass role and the ceiling have other names than roles of the stage.
    for (const { Action, Resource } of statements)
      if ([Action].flat().some((action) => /iam:(Put|Attach|Update|Delete|Pass)/.test(action)))
        expect([
          own,
          // What denies, and nothing else, is a policy of its own: of each region.
          ["production", "production-standby"].map(
            (stage) => `arn:aws:iam::123456789012:policy/tallystick-${stage}-fenced`,
          ),
        ]).toContainEqual(Resource);
  });

  it("is assumed by the pipelines of both regions, and by people of one permission set", () => {
    const { assumeRolePolicy } = account.resource<{ assumeRolePolicy: { Statement: readonly Statement[] } }>(
      "Deploy",
    ).inputs;
    expect(JSON.stringify(assumeRolePolicy)).toContain("role/tallystick-production-deploy-build");
    expect(JSON.stringify(assumeRolePolicy)).toContain("role/tallystick-production-standby-deploy-build");
    expect(JSON.stringify(assumeRolePolicy)).toContain(
      "123456789012:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_Deploy_*",
    );
  });

  it("lets a role of its stage attach a policy that denies, and no other", () => {
    const { policy } = account.resource<{ policy: { Statement: readonly (Statement & { Sid: string })[] } }>(
      "WorkloadBoundary",
    ).inputs;
    const attaching = policy.Statement.filter(({ Action = [] }) =>
      [Action].flat().includes("iam:AttachRolePolicy"),
    );
    expect(attaching).toMatchObject([
      {
        Condition: {
          ArnEquals: {
            "iam:PolicyARN": [expect.stringMatching(/-fenced$/), expect.stringMatching(/-fenced$/)],
          },
        },
      },
    ]);
  });

  it("exists where an estate is deployed, and nowhere else", () => {
    expect(security.ofType<{ name: string }>("aws:iam/role:Role").map(({ inputs }) => inputs.name)).toEqual([
      "tallystick-break-glass",
    ]);
  });
});
