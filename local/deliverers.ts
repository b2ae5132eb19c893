import { bankFolder } from "#core/settlement/bank-movement.ts";
import type { S3InboxSettings } from "./acquirers/inbox.ts";
import type { CredentialRegistry, Credentials } from "./door/credentials.ts";
import type { Door } from "./door/door.ts";
import type { Plan } from "./plan/plan.ts";
import { deliveryRoleOf } from "./plan-facts.ts";

interface Ground {
  readonly plan: Plan;
  readonly credentials: CredentialRegistry;
  readonly door: Pick<Door, "url">;
}

/** What a company leaves files with: a key of its own role, so that IAM sees each file as it would on AWS. */
export function deliveryAccess(ground: Ground, company: string): S3InboxSettings | undefined {
  const role = deliveryRoleOf(ground.plan, company);
  return role && inboxOf(ground, role.bucket, ground.credentials.issueTo(role.arn));
}

/**
 * What our bank leaves files with, wherever acquirers may: a key of its own role; or where the plan has none, one of
 * the operator's.
 */
export function bankAccess(ground: Ground, acquirers: readonly string[]): S3InboxSettings | undefined {
  const own = deliveryAccess(ground, bankFolder);
  if (own !== undefined) return own;
  const [role] = acquirers.flatMap((name) => deliveryRoleOf(ground.plan, name) ?? []);
  return role && inboxOf(ground, role.bucket, ground.credentials.issue(bankFolder, undefined));
}

const inboxOf = ({ plan, door }: Ground, bucket: string, key: Credentials): S3InboxSettings => ({
  ...{ endpoint: door.url, region: plan.region, bucket },
  ...{ access_key_id: key.accessKeyId, secret_access_key: key.secretAccessKey },
});
