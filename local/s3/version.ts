import { z } from "zod";

export const lock = z.object({
  mode: z.enum(["GOVERNANCE", "COMPLIANCE"]).exactOptional(),
  /** Epoch milliseconds. */
  retainUntil: z.number().exactOptional(),
  legalHold: z.boolean(),
});
/** What keeps a version from being deleted. */
export type Lock = z.output<typeof lock>;

const replication = z.enum(["PENDING", "COMPLETED", "FAILED", "REPLICA"]);
/** What S3 says of a version that it copies to another bucket, or has copied from one. */
export type Replication = z.output<typeof replication>;

export const version = z.object({
  key: z.string(),
  /** `null`, the word, in a bucket without versions. */
  id: z.string(),
  /** Epoch milliseconds. */
  writtenAt: z.number(),
  /** Undefined: this version says that the object was deleted. */
  content: z
    .object({
      /** File that holds it. */
      blob: z.string(),
      bytes: z.number(),
      etag: z.string(),
      /** Headers that a reader gets back: content type, checksums, `x-amz-meta-…`. */
      headers: z.record(z.string(), z.string()),
    })
    .exactOptional(),
  lock,
  replication: replication.exactOptional(),
});
/** One version of an object, as the bucket's journal has it. */
export type Version = z.output<typeof version>;

/** Undefined when nothing forbids it, or what S3 says. */
export function deletionRefusedBy(
  { lock: held }: Version,
  now: number,
  bypassesGovernance: boolean,
): boolean {
  if (held.legalHold) return true;
  if (held.retainUntil === undefined || held.retainUntil <= now) return false;
  return held.mode === "COMPLIANCE" || !bypassesGovernance;
}

/** A retention may be lengthened by anyone; shortened or weakened only under governance, by one who bypasses it. */
export function retentionRefused(
  { lock: held }: Version,
  next: Pick<Lock, "mode" | "retainUntil">,
  now: number,
  bypassesGovernance: boolean,
): boolean {
  if (held.retainUntil === undefined || held.retainUntil <= now) return false;
  const isWeaker =
    (next.retainUntil ?? 0) < held.retainUntil || (held.mode === "COMPLIANCE" && next.mode !== "COMPLIANCE");
  return isWeaker && (held.mode === "COMPLIANCE" || !bypassesGovernance);
}
