import { company, earlierMembers } from "./company.ts";
import { usedRegions } from "./constants.ts";
import { inRegion, logicalName } from "./naming.ts";

/** What is looked at: nodes of the cluster, images, packages of functions, and what functions' code does. */
const scans = ["EC2", "ECR", "LAMBDA", "LAMBDA_CODE"];

/**
 * Inspector looks at what runs for weaknesses that have become known, in all accounts, when a thing is deployed and each
 * time that its lists grow. Security Hub gets its findings, and operators hear of the severe ones.
 */
export function createWeaknessScans(): void {
  for (const region of usedRegions) createScansIn(region);
}

function createScansIn(region: string): void {
  const suffix = inRegion(region);
  // The administrator and its members are two calls: AWS takes either the one or the others.
  const own = new aws.inspector2.Enabler(`Inspector${suffix}`, {
    region,
    accountIds: [company.accounts.security],
    resourceTypes: [...scans],
  });
  const organization = new aws.inspector2.OrganizationConfiguration(
    `InspectorMembers${suffix}`,
    { region, autoEnable: { ec2: true, ecr: true, lambda: true, lambdaCode: true } },
    { dependsOn: own },
  );
  const enrolled = earlierMembers.map(
    (member) =>
      new aws.inspector2.MemberAssociation(
        `Inspector${suffix}${logicalName(member)}`,
        { region, accountId: company.accounts[member] },
        { dependsOn: organization },
      ),
  );
  new aws.inspector2.Enabler(
    `InspectorScans${suffix}`,
    {
      region,
      accountIds: earlierMembers.map((member) => company.accounts[member]),
      resourceTypes: [...scans],
    },
    { dependsOn: enrolled },
  );
}
