import { request } from "node:http";
import type { S3Client } from "@aws-sdk/client-s3";
import { isObject, objectOf, textIn } from "../door/call-input.ts";
import type { Credentials } from "../door/credentials.ts";
import { signedPostHeaders } from "../door/sign.ts";
import { QueryFailed } from "./refusal.ts";

export interface CallerOptions {
  /** The door. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
}

export interface StoredObject {
  readonly key: string;
  readonly etag: string;
  readonly bytes: number;
}

const callMsMax = 60_000;
const attemptsMax = 3;
const glueContentType = "application/x-amz-json-1.1";

/**
 * Athena has no rights of its own: what it reads and writes for somebody, it reads and writes in his name, and he is
 * denied what he may not do himself.
 */
export class Caller {
  readonly #options: CallerOptions;
  #s3: S3Client | undefined;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#s3?.destroy();
  }

  /** Asks Glue's catalog. @throws QueryFailed */
  async glue(action: "GetDatabase" | "GetTable", input: object): Promise<Readonly<Record<string, unknown>>> {
    const { endpoint, region, credentials } = this.#options;
    const { host, hostname, port } = new URL(endpoint);
    const body = JSON.stringify(input);
    const signed = signedPostHeaders(credentials, {
      ...{ service: "glue", region, host, contentType: glueContentType, body, now: Date.now() },
    });
    const headers = {
      ...{ ...signed, "content-length": Buffer.byteLength(body) },
      "x-amz-target": `AWSGlue.${action}`,
    };
    const { statusCode, text } = await post({ hostname, port, headers }, body);
    const answer = objectOf(text) ?? {};
    if (statusCode === 200) return answer;
    const message = textIn(answer, "message") ?? textIn(answer, "Message") ?? text;
    const isDenied = /AccessDenied/.test(textIn(answer, "__type") ?? "");
    throw isDenied
      ? new QueryFailed(
          "INSUFFICIENT_PERMISSIONS",
          `Insufficient permissions to execute the query. ${message}`,
        )
      : new QueryFailed(action === "GetTable" ? "TABLE_NOT_FOUND" : "SCHEMA_NOT_FOUND", message);
  }

  /** Objects from a prefix on, in the order of their keys, beginning behind a key. @throws QueryFailed */
  async *list(Bucket: string, Prefix: string, StartAfter: string): AsyncGenerator<StoredObject> {
    const { ListObjectsV2Command } = await import("@aws-sdk/client-s3");
    const s3 = await this.#client();
    let ContinuationToken: string | undefined;
    do {
      const command = new ListObjectsV2Command({
        ...{ Bucket, Prefix, StartAfter },
        ...(ContinuationToken !== undefined && { ContinuationToken }),
      });
      const page = await s3.send(command).catch((error) => refuse(error, Bucket, Prefix));
      for (const { Key: key = "", ETag: etag = "", Size: bytes = 0 } of page.Contents ?? [])
        yield { key, etag, bytes };
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }

  /**
   * An object, or undefined when it is still the one of this tag: then nothing but the question is sent.
   * @throws QueryFailed
   */
  async get(Bucket: string, Key: string, known?: string): Promise<Buffer | undefined> {
    const { GetObjectCommand } = await import("@aws-sdk/client-s3");
    const s3 = await this.#client();
    const command = new GetObjectCommand({ Bucket, Key, ...(known !== undefined && { IfNoneMatch: known }) });
    try {
      const { Body } = await s3.send(command);
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    } catch (thrown) {
      if (statusOf(thrown) === 304) return undefined;
      return refuse(thrown, Bucket, Key);
    }
  }

  /** @throws QueryFailed */
  async put(Bucket: string, Key: string, Body: string, owner: string | undefined): Promise<void> {
    const { PutObjectCommand } = await import("@aws-sdk/client-s3");
    const command = new PutObjectCommand({
      ...{ Bucket, Key, Body, ContentType: "application/octet-stream" },
      ...(owner !== undefined && { ExpectedBucketOwner: owner }),
    });
    await (await this.#client()).send(command).catch((error) => refuse(error, Bucket, Key));
  }

  async #client(): Promise<S3Client> {
    const { S3Client } = await import("@aws-sdk/client-s3");
    const { endpoint, region, credentials } = this.#options;
    this.#s3 ??= new S3Client({
      ...{ endpoint, region, credentials, forcePathStyle: true, maxAttempts: attemptsMax },
      requestHandler: { requestTimeout: callMsMax, throwOnRequestTimeout: true },
    });
    return this.#s3;
  }
}

const statusOf = (thrown: unknown): unknown =>
  isObject(thrown) && isObject(thrown["$metadata"]) ? thrown["$metadata"]["httpStatusCode"] : undefined;

function refuse(thrown: unknown, bucket: string, key: string): never {
  const { name, message } = thrown as Error;
  const path = `s3://${bucket}/${key}`;
  if (statusOf(thrown) === 403)
    throw new QueryFailed("PERMISSION_DENIED", `Permission denied on S3 path: ${path} (${message})`);
  throw new QueryFailed("HIVE_FILESYSTEM_ERROR", `${path}: ${name}: ${message}`);
}

function post(
  options: {
    readonly hostname: string;
    readonly port: string;
    readonly headers: Record<string, string | number>;
  },
  body: string,
): Promise<{ readonly statusCode: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(callMsMax);
    const outgoing = request({ ...options, method: "POST", path: "/", signal }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({ statusCode: response.statusCode ?? 502, text: Buffer.concat(chunks).toString() }),
      );
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
