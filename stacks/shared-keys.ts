import { createKey } from "./keys.ts";
import { physicalName } from "./naming.ts";
import { referredStage, replicaRegion, sharedName } from "./pair.ts";
import type { StageSettings } from "./settings.ts";

/** A key that both regions of a pair use, as this region has it. */
export interface SharedKey {
  readonly arn: $util.Output<string>;
  /** Its replica in the other region, by the stage that made it. */
  readonly replicaArn: $util.Output<string> | undefined;
}

/**
 * A key for what leaves its region: cards that were sealed and links that were signed in one are opened in the other, and
 * copies are encrypted there. Of a pair of regions the home makes a multi-region key with its replica, and the standby
 * finds the replica by its alias. A stage that is alone has an ordinary key.
 */
export function createSharedKey(
  settings: StageSettings,
  name: string,
  args: aws.kms.KeyArgs & { readonly description: string },
): SharedKey {
  if (referredStage(settings) !== undefined) {
    const { arn } = aws.kms.getKeyOutput({ keyId: `alias/${sharedName(settings, name)}` });
    return { arn, replicaArn: undefined };
  }
  const region = replicaRegion(settings);
  const key = createKey(settings, name, { ...args, ...(region !== undefined && { multiRegion: true }) });
  return { arn: key.arn, replicaArn: region && createReplica(settings, name, key, args, region) };
}

/** The same material under the same id. What it is for and when it rotates follow the first one; its policy does not. */
function createReplica(
  { keyDeletionDays, retainData }: StageSettings,
  name: string,
  key: aws.kms.Key,
  { description, policy }: aws.kms.KeyArgs & { readonly description: string },
  region: string,
): $util.Output<string> {
  const replica = new aws.kms.ReplicaKey(
    `${name}KeyReplica`,
    {
      region,
      primaryKeyArn: key.arn,
      description,
      deletionWindowInDays: keyDeletionDays,
      ...(policy !== undefined && { policy }),
    },
    { retainOnDelete: retainData },
  );
  new aws.kms.Alias(`${name}KeyReplicaAlias`, {
    region,
    name: `alias/${physicalName(name)}`,
    targetKeyId: replica.keyId,
  });
  return replica.arn;
}
