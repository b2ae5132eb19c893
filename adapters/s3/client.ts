import { S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";

const attemptsMax = 5;
const connectionTimeoutMs = 1_000;
/** For as long as nothing comes: a large object takes longer than this as a whole. */
const requestTimeoutMs = 10_000;

export const createS3 = (config: S3ClientConfig = {}): S3Client =>
  new S3Client({
    ...config,
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });

/**
 * For one who looks for himself whether what is there is what was put there: the SDK would end at the first object that is
 * not, and say neither which nor where.
 */
export const unchecked = { responseChecksumValidation: "WHEN_REQUIRED" } as const satisfies S3ClientConfig;
