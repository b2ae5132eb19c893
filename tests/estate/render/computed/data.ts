import type { Properties } from "../engine.ts";
import { hexOf, named, type Rules, text, uuidOf } from "./forms.ts";

/** Streams are named after the moment of their creation. */
const streamLabel = "2026-01-01T00:00:00.000";
export const streamOf = (tableArn: string): string => `${tableArn}/stream/${streamLabel}`;

/** A multi-region key has one id in all its regions. */
export const multiRegionIdOf = (name: string): string => `mrk-${hexOf(name, 32)}`;

/** Tables, buckets, and the keys that encrypt them. */
export const data: Rules = {
  "aws:dynamodb/table:Table": (made) => {
    const table = named(made, "dynamodb", "table/");
    if (made.inputs["streamEnabled"] !== true) return table;
    return { ...table, streamArn: streamOf(table.arn) };
  },
  "aws:kms/alias:Alias": ({ inputs, region, account }) => {
    const id = text(inputs["name"]);
    return { id, arn: `arn:aws:kms:${region}:${account}:${id}` };
  },
  "aws:kms/key:Key": ({ name, inputs, region, account }) => {
    const id = inputs["multiRegion"] === true ? multiRegionIdOf(name) : uuidOf(name);
    return { id, keyId: id, arn: `arn:aws:kms:${region}:${account}:key/${id}` };
  },
  "aws:kms/replicaKey:ReplicaKey": ({ inputs, region, account }) => {
    const id = text(inputs["primaryKeyArn"]).split("/").at(-1) ?? "";
    return { id, keyId: id, arn: `arn:aws:kms:${region}:${account}:key/${id}` };
  },
  "aws:s3/bucket:Bucket": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketNotification:BucketNotification": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketPolicy:BucketPolicy": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": ({ inputs }) =>
    bucketNamed(inputs),
  "aws:s3/bucketVersioning:BucketVersioning": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketObjectv2:BucketObjectv2": ({ inputs }) => ({ id: text(inputs["key"]) }),
};

/** What belongs to a bucket has the bucket's name as its id. */
function bucketNamed({ bucket }: Properties): Properties {
  const id = text(bucket);
  return { id, bucket: id, arn: `arn:aws:s3:::${id}` };
}
