import { appName } from "./constants.ts";
import { deployRole, workloadBoundary } from "./guard-policies.ts";
import { nameIn } from "./naming.ts";
import { productionPair } from "./pair.ts";
import type { Permission } from "./permissions.ts";
import { inlinePolicy, peopleOf } from "./roles.ts";

/** An hour is more than a deployment takes, a new database cluster included. */
const sessionSecondsMax = 3600;
/** The permission set of IAM Identity Center whose people deploy by hand: the first time, and when the pipeline is broken. */
const permissionSet = "Deploy";

/**
 * The role that deploys a stage of the estate, and the ceiling of all roles that it makes: it cannot make a role that
 * may do more than the estate's own may, nor change the account's guards or itself.
 */
export function createDeployRole(stage: string): void {
  const { accountId } = aws.getCallerIdentityOutput();
  const boundary = new aws.iam.Policy("WorkloadBoundary", {
    name: workloadBoundary,
    description: "What a role of the estate may do at most",
    policy: $jsonStringify({ Version: "2012-10-17", Statement: ceiling(stage, accountId) }),
  });
  new aws.iam.Role("Deploy", {
    name: deployRole,
    description: `Deploys ${stage}`,
    maxSessionDuration: sessionSecondsMax,
    assumeRolePolicy: $jsonStringify({ Version: "2012-10-17", Statement: [trusting(stage, accountId)] }),
    // All but IAM, Organizations and Account: what it may of IAM is below. The organization's policies limit the rest.
    managedPolicyArns: ["arn:aws:iam::aws:policy/PowerUserAccess"],
    inlinePolicies: [inlinePolicy(roleMaking(stage, accountId, boundary.arn))],
  });
}

/** A stage with all that are in its account: a pair of regions is two. Their names begin alike. */
const stagesOf = (stage: string): readonly string[] => {
  const { home, standby } = productionPair;
  return stage === home.stage ? [home.stage, standby.stage] : [stage];
};

/** The policies that deny all, which a failover attaches to the roles of the region that is left (stacks/failover.ts). */
const fences = (stage: string, accountId: $util.Output<string>): $util.Output<string>[] =>
  stagesOf(stage).map((each) => $interpolate`arn:aws:iam::${accountId}:policy/${nameIn(each, "Fenced")}`);

/** The pipeline's own build (stacks/delivery.ts), by its name: it is made by what it deploys. */
const trusting = (stage: string, accountId: $util.Output<string>): object => ({
  Effect: "Allow",
  Principal: { AWS: $interpolate`arn:aws:iam::${accountId}:root` },
  Action: "sts:AssumeRole",
  Condition: {
    ArnLike: {
      "aws:PrincipalArn": [
        ...stagesOf(stage).map(
          (each) => $interpolate`arn:aws:iam::${accountId}:role/${nameIn(each, "DeployBuild")}`,
        ),
        peopleOf(accountId, permissionSet),
      ],
    },
  },
});

/** Everything but the power to make powers. What a role really may, its own policy says: generated, and much less. */
function ceiling(stage: string, accountId: $util.Output<string>): object[] {
  return [
    {
      Sid: "Work",
      Effect: "Allow",
      NotAction: ["account:*", "iam:*", "organizations:*"],
      Resource: "*",
    },
    {
      // AWS Backup hands the role that a restored resource had, and EKS those of its nodes.
      Sid: "HandOn",
      Effect: "Allow",
      Action: ["iam:GetRole", "iam:ListAttachedRolePolicies", "iam:PassRole"],
      Resource: $interpolate`arn:aws:iam::${accountId}:role/${appName}-${stage}-*`,
    },
    {
      // A failover takes from the roles of the region that it leaves whatever they may do.
      Sid: "Fence",
      Effect: "Allow",
      Action: "iam:AttachRolePolicy",
      Resource: $interpolate`arn:aws:iam::${accountId}:role/${appName}-${stage}-*`,
      Condition: { ArnEquals: { "iam:PolicyARN": fences(stage, accountId) } },
    },
    {
      // EKS makes one for the nodes that it starts.
      Sid: "Nodes",
      Effect: "Allow",
      Action: [
        "iam:AddRoleToInstanceProfile",
        "iam:CreateInstanceProfile",
        "iam:DeleteInstanceProfile",
        "iam:GetInstanceProfile",
        "iam:RemoveRoleFromInstanceProfile",
        "iam:TagInstanceProfile",
      ],
      Resource: $interpolate`arn:aws:iam::${accountId}:instance-profile/*`,
    },
  ];
}

function roleMaking(
  stage: string,
  accountId: $util.Output<string>,
  boundaryArn: $util.Output<string>,
): Permission[] {
  const roles = [stage, `deliverer-${stage}`].map(
    (names) => $interpolate`arn:aws:iam::${accountId}:role/${nameIn(names, "*")}`,
  );
  return [
    {
      // Under the ceiling only: a role without it could be given everything.
      actions: [
        "iam:AttachRolePolicy",
        "iam:CreateRole",
        "iam:DeleteRolePolicy",
        "iam:DetachRolePolicy",
        "iam:PutRolePermissionsBoundary",
        "iam:PutRolePolicy",
      ],
      resources: roles,
      conditions: [{ test: "StringEquals", variable: "iam:PermissionsBoundary", values: [boundaryArn] }],
    },
    {
      actions: [
        "iam:DeleteRole",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListAttachedRolePolicies",
        "iam:ListInstanceProfilesForRole",
        "iam:ListRolePolicies",
        "iam:ListRoleTags",
        "iam:PassRole",
        "iam:TagRole",
        "iam:UntagRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:UpdateRole",
        "iam:UpdateRoleDescription",
      ],
      resources: roles,
    },
    {
      actions: [
        "iam:CreatePolicy",
        "iam:CreatePolicyVersion",
        "iam:DeletePolicy",
        "iam:DeletePolicyVersion",
        "iam:GetPolicy",
        "iam:GetPolicyVersion",
        "iam:ListPolicyVersions",
        "iam:TagPolicy",
      ],
      resources: fences(stage, accountId),
    },
    {
      actions: ["iam:CreateServiceLinkedRole"],
      resources: [$interpolate`arn:aws:iam::${accountId}:role/aws-service-role/*`],
    },
    {
      // Managed policies of AWS, which the provider reads before it attaches them.
      actions: ["iam:GetPolicy", "iam:GetPolicyVersion"],
      resources: ["arn:aws:iam::aws:policy/*"],
    },
  ];
}
