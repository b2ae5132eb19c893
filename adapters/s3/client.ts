import { S3Client } from "@aws-sdk/client-s3";

const attemptsMax = 5;
const connectionTimeoutMs = 1_000;
/** For as long as nothing comes: a large object takes longer than this as a whole. */
const requestTimeoutMs = 10_000;

export const createS3 = (): S3Client =>
  new S3Client({
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
