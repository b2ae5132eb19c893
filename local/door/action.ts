/** Lambda names its action by method and path. */
const lambdaRoutes: readonly (readonly [method: string, path: RegExp, action: string])[] = [
  ["POST", /^\/2015-03-31\/functions\/[^/]+\/invocations$/, "Invoke"],
  ["GET", /^\/2015-03-31\/functions\/[^/]+\/?$/, "GetFunction"],
  ["GET", /^\/2015-03-31\/functions\/?$/, "ListFunctions"],
];

/** X-Ray's actions are paths, of which these are answered here. */
const xrayActions: Readonly<Record<string, string>> = {
  "/TraceSegments": "PutTraceSegments",
  "/Traces": "BatchGetTraces",
  "/TraceSummaries": "GetTraceSummaries",
};

type S3Route = readonly [method: string, flag: string | undefined, action: string];
/** S3 names its action by the method, by what the path names, and by a flag in the query. First match wins. */
const bucketRoutes: readonly S3Route[] = [
  ["GET", "versions", "ListObjectVersions"],
  ["GET", "versioning", "GetBucketVersioning"],
  ["GET", "object-lock", "GetObjectLockConfiguration"],
  ["GET", "uploads", "ListMultipartUploads"],
  ["GET", "list-type", "ListObjectsV2"],
  ["HEAD", undefined, "HeadBucket"],
  ["POST", "delete", "DeleteObjects"],
];
const objectRoutes: readonly S3Route[] = [
  ["GET", "retention", "GetObjectRetention"],
  ["PUT", "retention", "PutObjectRetention"],
  ["GET", "legal-hold", "GetObjectLegalHold"],
  ["PUT", "legal-hold", "PutObjectLegalHold"],
  ["POST", "uploads", "CreateMultipartUpload"],
  ["PUT", "uploadId", "UploadPart"],
  ["POST", "uploadId", "CompleteMultipartUpload"],
  ["DELETE", "uploadId", "AbortMultipartUpload"],
  ["GET", "uploadId", "ListParts"],
  ["GET", "tagging", "GetObjectTagging"],
  ["PUT", "tagging", "PutObjectTagging"],
  ["DELETE", "tagging", "DeleteObjectTagging"],
  ["GET", "acl", "GetObjectAcl"],
  ["PUT", "acl", "PutObjectAcl"],
  ["GET", "attributes", "GetObjectAttributes"],
  // S3's own way, which no API has: local/s3/replicas.ts.
  ["PUT", "replica", "ReplicateObject"],
  ["GET", undefined, "GetObject"],
  ["HEAD", undefined, "HeadObject"],
  ["PUT", undefined, "PutObject"],
  ["DELETE", undefined, "DeleteObject"],
];

/**
 * The API action of a request: the part of `X-Amz-Target` behind the dot (AWS JSON 1.0 and 1.1: DynamoDB, KMS, SQS,
 * Step Functions), `Action` in the form that SNS takes, or what the REST path of Lambda, S3 and X-Ray says.
 * @returns undefined when the request names no action that the local cloud can read.
 */
export function actionOf(
  service: string,
  method: string,
  path: string,
  target: string | undefined,
  body: Buffer = Buffer.alloc(0),
): string | undefined {
  if (target !== undefined) return /^[\w.]{1,128}\.(\w{1,64})$/.exec(target)?.[1];
  const [withoutQuery = path, query = ""] = path.split("?", 2);
  switch (service) {
    case "lambda":
      return lambdaRoutes.find(([verb, route]) => verb === method && route.test(withoutQuery))?.[2];
    case "sns":
      return /^\w{1,64}$/.exec(new URLSearchParams(body.toString()).get("Action") ?? "")?.[0];
    case "xray":
      return method === "POST" ? xrayActions[withoutQuery] : undefined;
    case "s3":
      return s3ActionOf(method, withoutQuery, new URLSearchParams(query));
    default:
      return undefined;
  }
}

function s3ActionOf(method: string, path: string, query: URLSearchParams): string | undefined {
  const [, bucket = "", ...key] = path.split("/");
  if (bucket === "") return method === "GET" ? "ListBuckets" : undefined;
  const routes = key.join("/") === "" ? bucketRoutes : objectRoutes;
  return routes.find(([verb, flag]) => verb === method && (flag === undefined || query.has(flag)))?.[2];
}
