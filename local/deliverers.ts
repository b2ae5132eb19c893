import type { S3InboxSettings } from "./acquirers/inbox.ts";
import type { CredentialRegistry } from "./door/credentials.ts";
import type { Door } from "./door/door.ts";
import type { Plan } from "./plan/plan.ts";
import { deliveryRoleOf } from "./plan-facts.ts";

interface Ground {
  readonly plan: Plan;
  readonly credentials: CredentialRegistry;
  readonly door: Pick<Door, "url">;
}

/** What a company leaves files with: a key of its own role, so that IAM sees each file as it would on AWS. */
export function deliveryAccess(
  { plan, credentials, door }: Ground,
  company: string,
): S3InboxSettings | undefined {
  const role = deliveryRoleOf(plan, company);
  if (role === undefined) return undefined;
  const { accessKeyId, secretAccessKey } = credentials.issueTo(role.arn);
  return {
    ...{ endpoint: door.url, region: plan.region, bucket: role.bucket },
    ...{ access_key_id: accessKeyId, secret_access_key: secretAccessKey },
  };
}
