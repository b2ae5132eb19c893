import { z } from "zod";
import type { SettlementFile } from "./settlement-files.ts";

/** Where the acquirer, or the client's bank, leaves files for its client. */
export interface Inbox {
  /** Puts the file there, in the place of one of the same name. @throws whatever the other side refuses with. */
  put(file: SettlementFile): Promise<void>;
}

const requestMsMax = 10_000;
const attemptsMax = 3;

export const s3InboxSettings = z.strictObject({
  endpoint: z.url({ protocol: /^https?$/ }),
  region: z.string().min(1).default("eu-west-1"),
  bucket: z.string().min(1),
  access_key_id: z.string().min(1),
  secret_access_key: z.string().min(1),
});
export type S3InboxSettings = z.output<typeof s3InboxSettings>;

/** The client's bucket, where a company has a key for what begins with its own name: `alpha/…`. */
export function s3Inbox(company: string, settings: S3InboxSettings): Inbox {
  return {
    put: async ({ name, contentType, content }) => {
      // Loaded when it is needed: most acquirers never settle, and it takes longer than all the rest.
      const { PutObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
      const client = new S3Client({
        endpoint: settings.endpoint,
        region: settings.region,
        credentials: { accessKeyId: settings.access_key_id, secretAccessKey: settings.secret_access_key },
        forcePathStyle: true,
        maxAttempts: attemptsMax,
        requestHandler: { requestTimeout: requestMsMax, throwOnRequestTimeout: true },
      });
      try {
        const Key = `${company}/${name}`;
        await client.send(
          new PutObjectCommand({ Bucket: settings.bucket, Key, Body: content, ContentType: contentType }),
        );
      } finally {
        client.destroy();
      }
    },
  };
}
