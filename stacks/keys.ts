import { physicalName } from "./naming.ts";

/** How long what a stage made outlives it. */
export interface Keeping {
  /** How long KMS waits before it deletes a key, in days: 7 to 30. */
  readonly keyDeletionDays: number;
  readonly retainData: boolean;
}

/** For the stages of accounts: nothing of them is removed in passing. */
export const keptForGood: Keeping = { keyDeletionDays: 30, retainData: true };

/** A key for one purpose, and an alias by which people find it. Symmetric, and rotating, unless `args` says otherwise. */
export function createKey(
  { keyDeletionDays, retainData }: Keeping,
  name: string,
  args: aws.kms.KeyArgs & { readonly description: string },
  options: { readonly protect?: boolean } = {},
): aws.kms.Key {
  const key = new aws.kms.Key(
    `${name}Key`,
    {
      keyUsage: "ENCRYPT_DECRYPT",
      customerMasterKeySpec: "SYMMETRIC_DEFAULT",
      enableKeyRotation: true,
      ...args,
      deletionWindowInDays: keyDeletionDays,
    },
    // SST's `removal: "retain"` keeps tables but not keys, and a table without its key is lost.
    { ...options, retainOnDelete: retainData },
  );
  new aws.kms.Alias(`${name}KeyAlias`, {
    ...(args.region !== undefined && { region: args.region }),
    name: `alias/${physicalName(name)}`,
    targetKeyId: key.keyId,
  });
  return key;
}

/** A key's own policy: IAM policies of its account decide, as by AWS's default, and others may as the statements say. */
export function keyPolicy(...statements: readonly object[]): $util.Output<string> {
  const { accountId } = aws.getCallerIdentityOutput();
  const account = {
    Sid: "IamPoliciesDecide",
    Effect: "Allow",
    Principal: { AWS: $interpolate`arn:aws:iam::${accountId}:root` },
    Action: "kms:*",
    Resource: "*",
  };
  return $jsonStringify({ Version: "2012-10-17", Statement: [account, ...statements] });
}

/** Lets a service of AWS use the key in its own name. */
export const letUse = (
  Sid: string,
  service: string,
  Action: readonly string[],
  Condition?: $util.Input<object>,
): object => ({
  ...{ Sid, Effect: "Allow", Principal: { Service: service }, Action, Resource: "*" },
  ...(Condition !== undefined && { Condition }),
});
