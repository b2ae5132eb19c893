import { pipeline, type Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";

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

/** Kinesis takes no larger record: whoever sends a longer line has forgotten the ends of lines. */
const lineBytesMax = 1_048_576;
const endOfLine = 0x0a;

/** What is read is no file of lines. */
export class LineTooLong extends Error {
  override readonly name = "LineTooLong";
}

/**
 * The lines of an object of the archive, as they come: no more than one of them, and what the connection has brought, is in
 * memory. What ends with `.gz` is unpacked. Each line has its end with it, so that lines put together are the file, to the
 * byte; the last one may have none.
 * @throws NoSuchKey and what else S3 answers; LineTooLong; zlib's Error for what is cut off, or is no gzip
 */
export async function* objectLines(s3: Pick<S3Client, "send">, file: ObjectName): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let length = 0;
  const take = (part: Buffer): void => {
    length += part.length;
    if (length > lineBytesMax)
      throw new LineTooLong(`${file.key} has a line of more than ${lineBytesMax} bytes`);
    begun.push(part);
  };
  for await (const chunk of unpacked(await objectBytes(s3, file), file.key)) {
    let from = 0;
    for (let end = chunk.indexOf(endOfLine); end !== -1; end = chunk.indexOf(endOfLine, from)) {
      take(chunk.subarray(from, end + 1));
      yield Buffer.concat(begun);
      [begun, length, from] = [[], 0, end + 1];
    }
    if (from < chunk.length) take(chunk.subarray(from));
  }
  if (length > 0) yield Buffer.concat(begun);
}

function unpacked(body: Readable, key: string): AsyncIterable<Buffer> {
  if (!key.endsWith(".gz")) return body;
  // Whoever reads what comes out is told of an error.
  return pipeline(body, createGunzip(), () => undefined);
}
