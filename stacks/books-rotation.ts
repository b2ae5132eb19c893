import { createFunction } from "./lambda.ts";
import type { Parts } from "./parts.ts";

/** As often as RDS changes those that it manages. */
const rotationDays = 7;

/**
 * The function that changes the owner's password, and when. A standby has the function alone: the secret's copy there
 * follows the home's until a person makes it one of its own (docs/runbooks/failover.md).
 */
export function createOwnerRotation(parts: Parts): void {
  const { books, settings } = parts;
  if (books?.global === undefined) return;
  const fn = createFunction("RotateBooksOwner", parts);
  const letsIn = new aws.lambda.Permission("RotateBooksOwnerPermission", {
    action: "lambda:InvokeFunction",
    function: fn.name,
    principal: "secretsmanager.amazonaws.com",
    sourceAccount: settings.awsAccount,
  });
  const { owner } = books.global;
  if (owner === undefined) return;
  new aws.secretsmanager.SecretRotation(
    "BooksOwnerRotation",
    {
      secretId: owner.secret.id,
      rotationLambdaArn: fn.arn,
      // What a deployment's state knows of is of no use a minute later.
      rotateImmediately: true,
      rotationRules: { automaticallyAfterDays: rotationDays },
    },
    { dependsOn: [letsIn, owner.first, ...books.instances] },
  );
}
