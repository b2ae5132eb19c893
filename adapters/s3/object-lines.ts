import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import split2 from "split2";

/** An object of a bucket; the newest version of it when none is named. */
export interface ObjectName {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string | undefined;
}

/**
 * The bytes of an object, as the connection brings them.
 * @throws NoSuchKey and what else S3 answers
 */
export async function objectBytes(
  s3: Pick<S3Client, "send">,
  { bucket, key, versionId }: ObjectName,
): Promise<Readable> {
  const { Body } = await s3.send(
    new GetObjectCommand({
      ...{ Bucket: bucket, Key: key },
      ...(versionId !== undefined && { VersionId: versionId }),
    }),
  );
  return Body as Readable;
}

/**
 * The lines of a text object, as they come: no more than one of them, and what the connection has brought, is in memory.
 * What ends with `.gz` is unpacked.
 * @param lineBytesMax a longer line is an error: whoever sent it has forgotten the ends of lines
 * @throws NoSuchKey and what else S3 answers; Error for what is cut off, is no gzip, or has a longer line
 */
export async function* objectLines(
  s3: Pick<S3Client, "send">,
  file: ObjectName,
  lineBytesMax: number,
): AsyncGenerator<string> {
  const body = await objectBytes(s3, file);
  const lines = split2({ maxLength: lineBytesMax });
  // Whoever reads the lines is told of an error by them.
  if (file.key.endsWith(".gz")) pipeline(body, createGunzip(), lines, () => undefined);
  else pipeline(body, lines, () => undefined);
  yield* lines as AsyncIterable<string>;
}
