import type { S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Credentials } from "../door/credentials.ts";

/** Above it an object goes up in parts: the door takes 16 MiB at once, and S3 no parts below 5. */
const partBytes = 8 * 1024 * 1024;
const answerMsMax = 30_000;
const attemptsMax = 3;

export interface UploaderOptions {
  readonly endpoint: string;
  readonly region: string;
  /** Of the role that writes. */
  readonly credentials: Credentials;
}

/** Puts objects into S3. Its client is loaded for the first of them. */
export class Uploader {
  readonly #options: UploaderOptions;
  #client: S3Client | undefined;

  constructor(options: UploaderOptions) {
    this.#options = options;
  }

  /** @throws Error when S3 refuses it. What went up in parts is given up then. */
  async put(bucket: string, key: string, body: Buffer, encoding: string | undefined): Promise<void> {
    const [{ S3Client }, { Upload }] = await Promise.all([
      import("@aws-sdk/client-s3"),
      import("@aws-sdk/lib-storage"),
    ]);
    this.#client ??= new S3Client({
      ...{ ...this.#options, maxAttempts: attemptsMax },
      requestHandler: new NodeHttpHandler({ requestTimeout: answerMsMax, throwOnRequestTimeout: true }),
    });
    await new Upload({
      client: this.#client,
      partSize: partBytes,
      queueSize: 1,
      params: {
        ...{ Bucket: bucket, Key: key, Body: body, ContentType: "application/octet-stream" },
        ...(encoding !== undefined && { ContentEncoding: encoding }),
      },
    }).done();
  }

  stop(): void {
    this.#client?.destroy();
  }
}
