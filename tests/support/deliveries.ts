import { gunzipSync } from "node:zlib";
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { DuckDBInstance } from "@duckdb/node-api";

export interface StoredObject {
  readonly key: string;
  readonly body: Buffer;
}

/** What is in a bucket below a prefix, in the order of the keys. */
export async function objectsIn(s3: S3Client, Bucket: string, Prefix = ""): Promise<readonly StoredObject[]> {
  const objects: StoredObject[] = [];
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  for (const { Key = "" } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    objects.push({ key: Key, body: Buffer.from((await Body?.transformToByteArray()) ?? []) });
  }
  return objects;
}

/** The lines of compressed objects, as they were sent. */
export const linesIn = (objects: readonly StoredObject[]): readonly string[] =>
  objects.flatMap(({ body }) => gunzipSync(body).toString().split("\n").slice(0, -1));

/** Rows of Parquet files by a query over them, which calls them `files`. */
export async function askParquet(
  files: readonly string[],
  sql: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
  try {
    const list = files.map((file) => `'${file}'`).join(", ");
    const answer = await duckdb.runAndReadAll(sql.replace("files", `read_parquet([${list}])`));
    return answer.getRowObjectsJson();
  } finally {
    duckdb.closeSync();
  }
}
