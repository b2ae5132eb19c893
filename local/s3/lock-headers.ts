import type { Bucket } from "./bucket.ts";
import { S3Refusal } from "./refusal.ts";
import type { Lock } from "./version.ts";

type Retention = Required<Pick<Lock, "mode" | "retainUntil">>;

/** What a PutObject asks for, or undefined when it leaves it to the bucket. @throws S3Refusal as S3 does. */
export function lockIn(
  headers: Readonly<Record<string, string>>,
  bucket: Bucket,
  now: number,
): Lock | undefined {
  const mode = headers["x-amz-object-lock-mode"];
  const until = headers["x-amz-object-lock-retain-until-date"];
  const hold = headers["x-amz-object-lock-legal-hold"];
  if (mode === undefined && until === undefined && hold === undefined) return undefined;
  if (!bucket.plan.objectLock) {
    throw new S3Refusal("InvalidRequest", "Bucket is missing Object Lock Configuration");
  }
  const legalHold = hold === "ON";
  if (mode === undefined && until === undefined) return { legalHold };
  return { ...retention(mode, until, now), legalHold };
}

/** The retention in the body of a PutObjectRetention. @throws S3Refusal as S3 does. */
export function retentionIn(body: string, now: number): Retention {
  const field = (name: string): string | undefined =>
    new RegExp(`<${name}>([^<]+)</${name}>`).exec(body)?.[1];
  return retention(field("Mode"), field("RetainUntilDate"), now);
}

function retention(mode: string | undefined, until: string | undefined, now: number): Retention {
  if (mode === undefined || until === undefined) {
    throw new S3Refusal(
      "InvalidArgument",
      "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied",
    );
  }
  if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") {
    throw new S3Refusal("InvalidArgument", "Unknown wormMode directive.");
  }
  const retainUntil = Date.parse(until);
  if (Number.isNaN(retainUntil) || retainUntil <= now) {
    throw new S3Refusal("InvalidArgument", "The retain until date must be in the future!");
  }
  return { mode, retainUntil };
}
