import type { AwsAnswer, AwsCall, Engine } from "../door/engine.ts";
import type { Bucket } from "./bucket.ts";
import { deleteObject, deleteObjects } from "./deletes.ts";
import { listObjects, listVersions } from "./listing.ts";
import { actOnLock, lockConfiguration } from "./locks.ts";
import {
  abortUpload,
  completeUpload,
  createUpload,
  listParts,
  listUploads,
  uploadPart,
} from "./multipart.ts";
import type { Tell } from "./notifier.ts";
import { getObject } from "./reads.ts";
import { elements, S3Refusal } from "./refusal.ts";
import { replicateObject } from "./replicas.ts";
import type { CopyVersion } from "./replicator.ts";
import { placeOf, type Request } from "./request.ts";
import { copyObject, putObject } from "./writes.ts";
import { document, xml } from "./xml.ts";

/** S3's actions on buckets that the plan made, by path (`/bucket/key`). */
export class S3Engine implements Engine {
  readonly service = "s3";
  readonly answersByPart = true;
  readonly #buckets: ReadonlyMap<string, Bucket>;
  readonly #clock: () => number;

  constructor(buckets: readonly Bucket[], clock: () => number) {
    this.#buckets = new Map(buckets.map((bucket) => [bucket.plan.name, bucket]));
    this.#clock = clock;
  }

  /** Begins to tell queues, topics, functions and the event bus. To be called once those are up. */
  notify(tell: Tell): void {
    for (const bucket of this.#buckets.values()) bucket.notify(tell);
  }

  /** Begins to copy between buckets. @param copierOf how, in the name of a bucket's replication role. */
  replicate(copierOf: (bucket: string, roleArn: string) => CopyVersion): void {
    for (const bucket of this.#buckets.values()) {
      const { name, replication } = bucket.plan;
      if (replication !== undefined) bucket.replicate(copierOf(name, replication.roleArn));
    }
  }

  /** Resolves when each copy that is due was tried. */
  async replicated(): Promise<void> {
    await Promise.all([...this.#buckets.values()].map((bucket) => bucket.replicated()));
  }

  /** To be called before `stop`, while copies can still be made: those that are under way are. */
  async stopReplicating(): Promise<void> {
    await Promise.all([...this.#buckets.values()].map((bucket) => bucket.stopReplicating()));
  }

  async handle(call: AwsCall): Promise<AwsAnswer> {
    try {
      if (call.action === "ListBuckets") return this.#list();
      return this.#act(this.#request(call));
    } catch (thrown) {
      if (thrown instanceof S3Refusal) return thrown.answer();
      throw thrown;
    }
  }

  stop(): void {
    for (const bucket of this.#buckets.values()) bucket.close();
  }

  #act(request: Request): AwsAnswer {
    const { bucket, query, call } = request;
    switch (call.action) {
      case "HeadBucket":
        return { statusCode: 200, headers: {}, body: "" };
      case "ListObjectsV2":
        return xml(listObjects(bucket, query));
      case "ListObjectVersions":
        return xml(listVersions(bucket, query));
      case "GetBucketVersioning":
        return xml(
          document("VersioningConfiguration", bucket.plan.versioned ? ["<Status>Enabled</Status>"] : []),
        );
      case "GetObjectLockConfiguration":
        return lockConfiguration(bucket);
      case "PutObject":
        // A copy is a PUT with one header more.
        return call.headers["x-amz-copy-source"] === undefined
          ? putObject(request)
          : copyObject(request, (name) => this.#bucket(name));
      case "ReplicateObject":
        return replicateObject(request, (name) => this.#bucket(name));
      case "GetObject":
      case "HeadObject":
        return getObject(request);
      case "DeleteObject":
        return deleteObject(request);
      case "DeleteObjects":
        return deleteObjects(request);
      default:
        return this.#actOnUpload(request);
    }
  }

  #actOnUpload(request: Request): AwsAnswer {
    switch (request.call.action) {
      case "CreateMultipartUpload":
        return createUpload(request);
      case "UploadPart":
        return uploadPart(request);
      case "CompleteMultipartUpload":
        return completeUpload(request);
      case "AbortMultipartUpload":
        return abortUpload(request);
      case "ListParts":
        return listParts(request);
      case "ListMultipartUploads":
        return listUploads(request);
      default:
        return actOnLock(request);
    }
  }

  #list(): AwsAnswer {
    const listed = [...this.#buckets.keys()].map((name) => `<Bucket>${elements({ Name: name })}</Bucket>`);
    return xml(document("ListAllMyBucketsResult", [`<Buckets>${listed.join("")}</Buckets>`]));
  }

  #request(call: AwsCall): Request {
    const place = placeOf(call);
    if (place === undefined) throw new S3Refusal("InvalidURI", "Couldn't parse the specified URI.");
    return { ...place, call, bucket: this.#bucket(place.bucket), now: this.#clock() };
  }

  #bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Refusal("NoSuchBucket", "The specified bucket does not exist");
    return bucket;
  }
}
