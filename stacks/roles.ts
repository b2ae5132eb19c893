import type { Permission } from "./permissions.ts";

/**
 * Lets one AWS service assume a role, and nobody else; two names only for a service that goes by both. (SST's function
 * roles would also trust every principal of the account, through its root.)
 */
export const trustOnly = (
  service: string | string[],
  conditions?: $util.Input<object>,
): $util.Output<string> => trust({ Service: service }, conditions);

/** As `trustOnly`, for EKS: it assumes roles with tags, by which policies can tell clusters and pods apart. */
export const trustWithTags = (service: string, conditions?: $util.Input<object>): $util.Output<string> =>
  trust({ Service: service }, conditions, ["sts:AssumeRole", "sts:TagSession"]);

/**
 * Lets another company's account assume a role, in our affairs only: an account that serves many companies names the
 * one that it acts for by the external id.
 */
export const trustAccount = (awsAccount: string, externalId: string): $util.Output<string> =>
  trust({ AWS: `arn:aws:iam::${awsAccount}:root` }, { StringEquals: { "sts:ExternalId": externalId } });

/**
 * Whoever is signed in to an account by IAM Identity Center, with one permission set. Between the two parts of the name is
 * the region of Identity Center, and nothing where that is us-east-1.
 */
export const peopleOf = (awsAccount: $util.Input<string>, permissionSet: string): $util.Output<string> =>
  $interpolate`arn:aws:iam::${awsAccount}:role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_${permissionSet}_*`;

/** Lets people of one permission set assume a role, and nobody else of their account. */
export const trustPeople = (
  awsAccount: $util.Input<string>,
  permissionSet: string,
  conditions: object = {},
): $util.Output<string> =>
  trust(
    { AWS: $interpolate`arn:aws:iam::${awsAccount}:root` },
    { ArnLike: { "aws:PrincipalArn": peopleOf(awsAccount, permissionSet) }, ...conditions },
  );

function trust(
  principal: object,
  conditions: $util.Input<object> | undefined,
  actions: string | readonly string[] = "sts:AssumeRole",
): $util.Output<string> {
  return $jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: principal,
        Action: actions,
        ...(conditions && { Condition: conditions }),
      },
    ],
  });
}

/** The one policy of a role, which is part of it: what it may do is read where it is made. */
export const inlinePolicy = (statements: Permission[]) => ({
  name: "inline",
  policy: aws.iam.getPolicyDocumentOutput({ statements }).json,
});
