import type { CopyObjectCommandInput, S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Credentials } from "../door/credentials.ts";
import type { AwsAnswer } from "../door/engine.ts";
import type { Bucket } from "./bucket.ts";
import { piecesOf } from "./pieces.ts";
import type { CopyVersion } from "./replicator.ts";
import { causeOf, type Request, versionHeader } from "./request.ts";
import { sourceVersionOf } from "./writes.ts";

/**
 * Of no public API: how S3 itself brings a version into another bucket. It stands in the query of a copy, so that the
 * door asks IAM what S3 asks of a replication's role.
 */
const replicaFlag = "replica";
const attemptsMax = 3;

export interface ReplicasOptions {
  /** Of the door. */
  readonly endpoint: string;
  readonly region: string;
  /** Of the replication's role. */
  readonly credentials: Credentials;
}

/** Copies in a role's name, through the door. The client is loaded for the first of them. */
export function copierOf(options: ReplicasOptions, bucket: string): { copy: CopyVersion; stop(): void } {
  let client: S3Client | undefined;
  return {
    copy: async ({ key, id }, destination) => {
      const { CopyObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
      client ??= new S3Client({
        ...options,
        maxAttempts: attemptsMax,
        requestHandler: new NodeHttpHandler(),
      });
      const input: CopyObjectCommandInput = {
        ...{ Bucket: destination, Key: key },
        CopySource: `${bucket}/${encodeURIComponent(key)}?versionId=${id}`,
      };
      const command = new CopyObjectCommand(input);
      command.middlewareStack.add(
        (next) => (args) => {
          const request = args.request as { query: Record<string, string> };
          request.query = { [replicaFlag]: "" };
          return next(args);
        },
        { step: "build" },
      );
      await client.send(command);
    },
    stop: () => client?.destroy(),
  };
}

/**
 * A version as it is in another bucket, by the same id and of the same time. Without a lock of its own it gets that of
 * the bucket that it comes into.
 */
export function replicateObject(request: Request, bucketOf: (name: string) => Bucket): AwsAnswer {
  const { call, bucket, key } = request;
  const source = sourceVersionOf(call.headers["x-amz-copy-source"] ?? "", bucketOf);
  const { content, id, writtenAt, lock } = source.version;
  const existing = bucket.find(key, id);
  if (existing === undefined && content !== undefined)
    bucket.write({
      ...{ key, body: piecesOf([source.bucket.fileOf(source.version)]) },
      ...{ etag: content.etag, headers: content.headers },
      lock: lock.mode === undefined && !lock.legalHold ? undefined : lock,
      ...{ event: "ObjectCreated:Put", cause: causeOf(request), replicaOf: { id, writtenAt } },
    });
  return { statusCode: 200, headers: versionHeader(bucket, source.version), body: "<CopyObjectResult/>" };
}
