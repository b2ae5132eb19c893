import { company } from "./company.ts";
import { homeRegion } from "./constants.ts";
import { type Operators, tell } from "./operators.ts";
import { inlinePolicy, trustPeople } from "./roles.ts";

/** The name under which people know it: docs/retention.md. */
const legalHoldsRole = "tallystick-legal-holds";
const sessionSecondsMax = 3600;
/** The permission set of IAM Identity Center whose people may. */
const permissionSet = "LegalHolds";

/**
 * May put legal holds on archived events, and lift them: `npm run ops -- archive hold`. It sees which objects there are, and
 * can read, delete or shorten nothing. Assumed from the security account; each time operators are told, for who lifts a hold
 * lets a lifecycle end what was held.
 */
export function createLegalHolds(
  operators: Operators,
  { stage, awsAccount }: { readonly stage: string; readonly awsAccount: string },
): void {
  // By name: the stage's own plan makes them, later.
  const archives = ["archive", "archive-replica"].map(
    (name) => `arn:aws:s3:::${$app.name}-${stage}-${name}-${awsAccount}`,
  );
  const role = new aws.iam.Role("LegalHolds", {
    name: legalHoldsRole,
    description: "Puts legal holds on archived events, and lifts them",
    maxSessionDuration: sessionSecondsMax,
    assumeRolePolicy: trustPeople(company.accounts.security, permissionSet, {
      // The event that tells of it is in the region that was asked, and the rule is in this one.
      StringEquals: { "aws:RequestedRegion": homeRegion },
    }),
    inlinePolicies: [
      inlinePolicy([
        { actions: ["s3:ListBucketVersions"], resources: archives },
        {
          actions: ["s3:GetObjectLegalHold", "s3:PutObjectLegalHold"],
          resources: archives.map((archive) => `${archive}/events/*`),
        },
      ]),
    ],
  });
  tell(operators, "LegalHoldsUsed", {
    source: ["aws.sts"],
    "detail-type": ["AWS API Call via CloudTrail"],
    detail: { eventName: ["AssumeRole"], requestParameters: { roleArn: [role.arn] } },
  });
}
