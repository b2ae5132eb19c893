import { z } from "zod";
import type { ObjectName } from "#adapters/s3/object-lines.ts";
import { proveMessage } from "#core/proof/archive-proof.ts";

const record = z.object({
  eventName: z.string(),
  s3: z.object({
    bucket: z.object({ name: z.string().min(1) }),
    object: z.object({ key: z.string().min(1), versionId: z.string().optional() }),
  }),
});
const notice = z.union([
  z.object({ Records: z.array(record).min(1) }),
  // S3 tries the queue with it when it is told to use it.
  z.object({ Event: z.literal("s3:TestEvent") }),
]);

/**
 * The objects that a notice of S3 is about.
 * @param body the text of its message
 * @throws Error for what is no notice of S3: such a message goes to the queue's dead letters
 */
export function filesIn(body: string): readonly ObjectName[] {
  const read = notice.parse(JSON.parse(body));
  if (!("Records" in read)) return [];
  return read.Records.filter(({ eventName }) => eventName.startsWith("ObjectCreated:")).map(({ s3 }) => ({
    bucket: s3.bucket.name,
    // As in forms: a space is a plus.
    key: decodeURIComponent(s3.object.key.replaceAll("+", " ")),
    versionId: s3.object.versionId,
  }));
}

/** Whether a message asks for a proof, and is no notice of files. */
export const asksForProof = (body: string): boolean => body === proveMessage;
