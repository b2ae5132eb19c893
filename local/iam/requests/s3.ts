import type { AwsCall } from "../../door/engine.ts";
import { type Deletion, deletionName, deletionsIn } from "../../s3/deletes.ts";
import { bypasses, type Place, placeOf, sourcePlaceOf } from "../../s3/request.ts";
import type { AccessRequest, ConditionContext } from "../access-request.ts";
import type { BucketKey, EstateFacts } from "../estate.ts";
import type { AccessReader } from "./reader.ts";

/** S3's permissions that are not called after the actions that need them. */
const permissions: Readonly<Record<string, string>> = {
  CompleteMultipartUpload: "PutObject",
  CreateMultipartUpload: "PutObject",
  GetObjectLockConfiguration: "GetBucketObjectLockConfiguration",
  HeadBucket: "ListBucket",
  HeadObject: "GetObject",
  ListBuckets: "ListAllMyBuckets",
  ListMultipartUploads: "ListBucketMultipartUploads",
  ListObjectVersions: "ListBucketVersions",
  ListObjectsV2: "ListBucket",
  ListParts: "ListMultipartUploadParts",
  UploadPart: "PutObject",
};
/** They have a permission of their own for a version that is named. */
const byVersion = new Set([
  ...["DeleteObject", "GetObject", "GetObjectAcl", "GetObjectAttributes", "PutObjectAcl"],
  ...["DeleteObjectTagging", "GetObjectTagging", "PutObjectTagging"],
]);
/** What the writer of an object says beside its content needs more than `s3:PutObject`. */
const headerPermissions: readonly (readonly [header: RegExp, permission: string])[] = [
  [/^x-amz-(acl|grant-.+)$/, "PutObjectAcl"],
  [/^x-amz-object-lock-legal-hold$/, "PutObjectLegalHold"],
  [/^x-amz-object-lock-(mode|retain-until-date)$/, "PutObjectRetention"],
  [/^x-amz-tagging$/, "PutObjectTagging"],
];
const describing = new Set(["CreateMultipartUpload", "PutObject"]);
const bypassing = new Set(["DeleteObject", "PutObjectRetention"]);

/**
 * S3 asks about a bucket or about an object, by several permissions where a call does several things; under a
 * customer's key also KMS, in the caller's name.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
export const s3Requests: AccessReader = (call, estate) => {
  const place = placeOf(call);
  if (place === undefined) return undefined;
  const source = sourceOf(call);
  if (source === undefined) return undefined;
  if (call.action === "DeleteObjects") return deletionsOf(call, place);
  if (call.action === "ReplicateObject") return replicationOf(call, place, source, estate);
  return [
    ...permissionsOf(call, place).map((permission) => request(permission, call, place)),
    ...source.flatMap((from) => [
      request(versioned("GetObject", from), call, from),
      ...keyRequests(["Decrypt"], from, estate),
    ]),
    ...keyRequests(keyUsesOf(call), place, estate),
  ];
};

const objectReads = new Set(["GetObject", "GetObjectAttributes", "HeadObject"]);

/** What a role must be allowed to hear that an object is not there: to list its bucket, or that of a copy's source. */
export function listingsFor(call: AwsCall): readonly AccessRequest[] {
  const place = placeOf(call);
  const read = objectReads.has(call.action) && place !== undefined ? [place] : sourceOf(call);
  return (read ?? []).map(({ bucket }) =>
    request("ListBucket", call, { bucket, key: "", query: new URLSearchParams() }),
  );
}

function permissionsOf(call: AwsCall, place: Place): readonly string[] {
  const { action, headers } = call;
  const isSaid = (header: RegExp) => Object.keys(headers).some((name) => header.test(name));
  return [
    versioned(permissions[action] ?? action, place),
    ...(action === "GetObjectAttributes" ? [versioned("GetObject", place)] : []),
    ...(bypassing.has(action) && bypasses(call) ? ["BypassGovernanceRetention"] : []),
    ...(describing.has(action)
      ? headerPermissions.filter(([header]) => isSaid(header)).map(([, needed]) => needed)
      : []),
  ];
}

const versioned = (permission: string, { query }: Place): string =>
  query.has("versionId") && byVersion.has(permission)
    ? permission.replace("Object", "ObjectVersion")
    : permission;

/** Each key by itself: S3 deletes those that may go, and says of each other that it may not. */
function deletionsOf(call: AwsCall, { bucket }: Place): readonly AccessRequest[] | undefined {
  return deletionsFrom(call)?.flatMap(({ key, versionId }) => {
    const place = { bucket, key, query: new URLSearchParams(versionId === undefined ? {} : { versionId }) };
    const needed = [
      versioned("DeleteObject", place),
      ...(bypasses(call) ? ["BypassGovernanceRetention"] : []),
    ];
    const part = deletionName({ key, ...(versionId !== undefined && { versionId }) });
    return needed.map((permission) => ({ ...request(permission, call, place), part }));
  });
}

/** What a replication's role must be allowed for each version that S3 copies. Tags and deletions would need more. */
function replicationOf(
  call: AwsCall,
  place: Place,
  source: readonly Place[],
  estate: EstateFacts,
): readonly AccessRequest[] {
  const whole = ["GetReplicationConfiguration", "ListBucket"];
  const each = ["GetObjectVersionForReplication", "GetObjectVersionAcl", "GetObjectVersionTagging"];
  const isBucketKey = estate.buckets.get(place.bucket)?.isBucketKey === true;
  return [
    ...source.flatMap((from) => [
      ...whole.map((permission) => request(permission, call, { ...from, key: "" })),
      ...each.map((permission) => request(permission, call, from)),
      ...keyRequests(["Decrypt"], from, estate),
    ]),
    request("ReplicateObject", call, place),
    ...keyRequests([isBucketKey ? "GenerateDataKey" : "Encrypt"], place, estate),
  ];
}

function deletionsFrom(call: AwsCall): readonly Deletion[] | undefined {
  try {
    return deletionsIn(call).wanted;
  } catch {
    return undefined;
  }
}

/** What a copy reads; undefined for a source that names nothing. */
function sourceOf({ headers }: AwsCall): readonly Place[] | undefined {
  const header = headers["x-amz-copy-source"];
  if (header === undefined) return [];
  const source = sourcePlaceOf(header);
  return source === undefined ? undefined : [source];
}

function arnOf({ bucket, key }: Place): string {
  if (bucket === "") return "*";
  return key === "" ? `arn:aws:s3:::${bucket}` : `arn:aws:s3:::${bucket}/${key}`;
}

function request(permission: string, call: AwsCall, place: Place): AccessRequest {
  return { action: `s3:${permission}`, resource: arnOf(place), context: contextOf(call, place) };
}

/** Keys that are what a header of nearly the same name says. */
const headerKey =
  /^s3:(if-match|if-none-match|object-lock-legal-hold|object-lock-mode|x-amz-(?:acl|copy-source|metadata-directive|server-side-encryption|server-side-encryption-aws-kms-key-id|storage-class))$/;
const queryKeys: Readonly<Record<string, string>> = {
  "s3:VersionId": "versionId",
  "s3:delimiter": "delimiter",
  "s3:prefix": "prefix",
};

function contextOf({ headers }: AwsCall, { query }: Place): ConditionContext {
  return (key) => {
    const header = headerKey.exec(key)?.[1]?.replace(/^object-lock/, "x-amz-object-lock");
    const value = header === undefined ? query.get(queryKeys[key] ?? "") : headers[header];
    return value == null ? undefined : [value];
  };
}

/** What S3 does with the key of the object's bucket. The parts of an upload are opened to be put together. */
function keyUsesOf({ action, headers }: AwsCall): readonly string[] {
  switch (action) {
    case "PutObject":
      return ["GenerateDataKey"];
    case "CreateMultipartUpload":
    case "UploadPart":
    case "CompleteMultipartUpload":
      return ["GenerateDataKey", "Decrypt"];
    case "GetObject":
      return ["Decrypt"];
    case "HeadObject":
      return headers["x-amz-checksum-mode"] === undefined ? [] : ["Decrypt"];
    default:
      return [];
  }
}

function keyRequests(
  uses: readonly string[],
  place: Place,
  { buckets, region, account }: EstateFacts,
): readonly AccessRequest[] {
  const key = buckets.get(place.bucket);
  if (key === undefined) return [];
  const values: Readonly<Record<string, string>> = {
    "kms:ViaService": `s3.${region}.amazonaws.com`,
    "kms:CallerAccount": account,
    "kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    "kms:EncryptionContext:aws:s3:arn": encryptedUnder(key, place),
    "kms:EncryptionContextKeys": "aws:s3:arn",
  };
  return uses.map((use) => ({
    action: `kms:${use}`,
    resource: key.keyArn,
    via: "s3",
    context: (name) => (values[name] === undefined ? undefined : [values[name]]),
  }));
}

/** With a bucket key, the context is the bucket's ARN; without, the object's. */
const encryptedUnder = ({ isBucketKey }: BucketKey, place: Place): string =>
  arnOf(isBucketKey ? { ...place, key: "" } : place);
