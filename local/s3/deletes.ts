import { z } from "zod";
import type { AwsAnswer, AwsCall } from "../door/engine.ts";
import { elements, S3Refusal } from "./refusal.ts";
import { bypasses, causeOf, protectedByLock, type Request } from "./request.ts";
import { uploadIn } from "./upload.ts";
import { deletionRefusedBy } from "./version.ts";
import { document, documentIn, listed, xml } from "./xml.ts";

const keysMax = 1_000;

const deletion = z.object({
  Delete: z.object({
    Object: z.preprocess(
      listed,
      z
        .array(z.object({ Key: z.string().min(1), VersionId: z.string().optional() }))
        .min(1)
        .max(keysMax),
    ),
    Quiet: z.string().optional(),
  }),
});

/** A key that is to go, or one version of it. */
export interface Deletion {
  readonly key: string;
  readonly versionId?: string;
}

/** What a deletion is called among those of one call. */
export const deletionName = ({ key, versionId }: Deletion): string => JSON.stringify([key, versionId]);

/** What DeleteObjects is asked for. @throws S3Refusal when its document is none that S3 takes. */
export function deletionsIn(call: AwsCall): {
  readonly wanted: readonly Deletion[];
  readonly isQuiet: boolean;
} {
  const { body, isDigested } = uploadIn(call);
  if (!isDigested) {
    throw new S3Refusal(
      "InvalidRequest",
      "Missing required header for this request: Content-MD5 OR x-amz-checksum-*",
    );
  }
  const { Object: wanted, Quiet } = documentIn(body, deletion).Delete;
  return {
    wanted: wanted.map(({ Key: key, VersionId: versionId }) => ({
      key,
      ...(versionId !== undefined && { versionId }),
    })),
    isQuiet: Quiet === "true",
  };
}

/** What a deletion did: the version that went, or the marker that came. */
interface Deleted {
  readonly versionId?: string;
  readonly isMarker: boolean;
}

/** DeleteObject: a marker in a bucket with versions, or the end of one version. */
export function deleteObject(request: Request): AwsAnswer {
  const { versionId, isMarker } = remove(request, request.key, request.query.get("versionId") ?? undefined);
  return {
    statusCode: 204,
    headers: {
      ...(versionId !== undefined && { "x-amz-version-id": versionId }),
      ...(isMarker && { "x-amz-delete-marker": "true" }),
    },
    body: "",
  };
}

/** DeleteObjects: each key by itself, so that what a lock keeps does not keep the others. */
export function deleteObjects(request: Request): AwsAnswer {
  const { wanted, isQuiet } = deletionsIn(request.call);
  const results = wanted.map((each) => {
    const { key: Key, versionId: VersionId } = each;
    const named = { Key, ...(VersionId !== undefined && { VersionId }) };
    try {
      const denied = request.call.deniedParts?.get(deletionName(each));
      if (denied !== undefined) throw new S3Refusal("AccessDenied", denied);
      const { versionId, isMarker } = remove(request, Key, VersionId);
      if (isQuiet) return "";
      const marker = isMarker && { DeleteMarker: true, DeleteMarkerVersionId: versionId ?? "" };
      return `<Deleted>${elements({ ...named, ...marker })}</Deleted>`;
    } catch (thrown) {
      if (!(thrown instanceof S3Refusal)) throw thrown;
      return `<Error>${elements({ ...named, Code: thrown.code, Message: thrown.message })}</Error>`;
    }
  });
  return xml(document("DeleteResult", results));
}

function remove(request: Request, key: string, id: string | undefined): Deleted {
  const { call, bucket, now } = request;
  if (id === undefined) {
    const marker = bucket.delete(key, causeOf(request));
    return marker === undefined ? { isMarker: false } : { versionId: marker.id, isMarker: true };
  }
  const found = bucket.find(key, id);
  // As on AWS, to delete what is not there is a success.
  if (found === undefined) return { isMarker: false };
  if (deletionRefusedBy(found, now, bypasses(call))) throw protectedByLock();
  bucket.deleteVersion(found, causeOf(request));
  return { versionId: id, isMarker: found.content === undefined };
}
