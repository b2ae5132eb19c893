import { escapeXml } from "../door/answers.ts";
import type { AwsAnswer } from "../door/engine.ts";
import type { Bucket } from "./bucket.ts";
import { retentionIn } from "./lock-headers.ts";
import { elements, S3Refusal } from "./refusal.ts";
import { bypasses, deleted, notImplemented, protectedByLock, type Request, versionOf } from "./request.ts";
import { retentionRefused } from "./version.ts";
import { document, xml } from "./xml.ts";

const lockActions = ["GetObjectRetention", "PutObjectRetention", "GetObjectLegalHold", "PutObjectLegalHold"];

/** The actions on the lock of one version. @throws S3Refusal also when the action is none of them. */
export function actOnLock(request: Request): AwsAnswer {
  const { call, bucket, now } = request;
  if (!lockActions.includes(call.action)) throw notImplemented(call.action);
  const found = versionOf(request);
  if (found.content === undefined) throw deleted(bucket, found, true);
  if (!bucket.plan.objectLock) {
    throw new S3Refusal("InvalidRequest", "Bucket is missing Object Lock Configuration");
  }
  const { lock } = found;
  switch (call.action) {
    case "GetObjectRetention": {
      if (lock.mode === undefined || lock.retainUntil === undefined) throw noLock();
      const fields = { Mode: lock.mode, RetainUntilDate: new Date(lock.retainUntil).toISOString() };
      return xml(document("Retention", [elements(fields)]));
    }
    case "GetObjectLegalHold":
      return xml(document("LegalHold", [elements({ Status: lock.legalHold ? "ON" : "OFF" })]));
    case "PutObjectLegalHold":
      bucket.setLock(found, { ...lock, legalHold: /<Status>ON<\/Status>/.test(call.body.toString()) });
      return { statusCode: 200, headers: {}, body: "" };
    default: {
      const next = retentionIn(call.body.toString(), now);
      if (retentionRefused(found, next, now, bypasses(call))) throw protectedByLock();
      bucket.setLock(found, { ...next, legalHold: lock.legalHold });
      return { statusCode: 200, headers: {}, body: "" };
    }
  }
}

const noLock = (): S3Refusal =>
  new S3Refusal(
    "NoSuchObjectLockConfiguration",
    "The specified object does not have a ObjectLock configuration",
  );

/** GetObjectLockConfiguration. */
export function lockConfiguration({ plan }: Bucket): AwsAnswer {
  if (!plan.objectLock) {
    throw new S3Refusal(
      "ObjectLockConfigurationNotFoundError",
      "Object Lock configuration does not exist for this bucket",
    );
  }
  const { mode, days, years } = plan.defaultRetention ?? {};
  const period = days === undefined ? `<Years>${years}</Years>` : `<Days>${days}</Days>`;
  const rule =
    mode === undefined
      ? ""
      : `<Rule><DefaultRetention><Mode>${escapeXml(mode)}</Mode>${period}</DefaultRetention></Rule>`;
  const enabled = `<ObjectLockEnabled>Enabled</ObjectLockEnabled>${rule}`;
  return xml(document("ObjectLockConfiguration", [enabled]));
}
