import {
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  type S3Client,
} from "@aws-sdk/client-s3";

/** Which objects of a bucket: all below a prefix, and of those what comes behind a name, where one is given. */
interface Range {
  readonly bucket: string;
  readonly prefix: string;
  readonly after?: string | undefined;
}

/**
 * All versions of objects, and their deletions, in pages: by name, and of a name the newest first. The SDK has no paginator
 * for them.
 * @throws what S3 answers
 */
export async function* objectVersions(
  s3: Pick<S3Client, "send">,
  { bucket, prefix, after }: Range,
): AsyncGenerator<ListObjectVersionsCommandOutput> {
  let next: Pick<ListObjectVersionsCommandOutput, "NextKeyMarker" | "NextVersionIdMarker"> = {};
  for (;;) {
    const page: ListObjectVersionsCommandOutput = await s3.send(
      new ListObjectVersionsCommand({
        ...{ Bucket: bucket, Prefix: prefix },
        ...{ KeyMarker: next.NextKeyMarker ?? after, VersionIdMarker: next.NextVersionIdMarker },
      }),
    );
    yield page;
    if (page.IsTruncated !== true) return;
    next = page;
  }
}
