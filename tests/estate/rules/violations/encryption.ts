import { either, type Violation, without } from "./violation.ts";

const bucket = { type: "aws:s3/bucket:Bucket", inputs: { bucket: "files" } };
const key = "arn:key";
const distribution = "aws:cloudfront/distribution:Distribution";

export const encryptionViolations: readonly Violation[] = [
  either("keys-rotate", "aws:kms/key:Key", { enableKeyRotation: false }, { enableKeyRotation: true }),
  without("bucket-encrypted", bucket, {
    type: "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    inputs: { bucket: "files", rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms" } }] },
  }),
  without("bucket-tls", bucket, {
    type: "aws:s3/bucketPolicy:BucketPolicy",
    inputs: {
      bucket: "files",
      policy: { Statement: [{ Effect: "Deny", Condition: { Bool: { "aws:SecureTransport": "false" } } }] },
    },
  }),
  either(
    "queue-encrypted",
    "aws:sqs/queue:Queue",
    { sqsManagedSseEnabled: false },
    { sqsManagedSseEnabled: true },
  ),
  either("topic-encrypted", "aws:sns/topic:Topic", {}, { kmsMasterKeyId: key }),
  either(
    "stream-encrypted",
    "aws:kinesis/stream:Stream",
    { encryptionType: "NONE" },
    { encryptionType: "KMS" },
  ),
  either(
    "firehose-encrypted",
    "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
    { extendedS3Configuration: {} },
    { extendedS3Configuration: { kmsKeyArn: key } },
  ),
  either(
    "aurora-encrypted",
    "aws:rds/cluster:Cluster",
    { storageEncrypted: true },
    { storageEncrypted: true, kmsKeyId: key },
  ),
  either("global-books-encrypted", "aws:rds/globalCluster:GlobalCluster", {}, { storageEncrypted: true }),
  either("database-proxy-tls", "aws:rds/proxy:Proxy", { requireTls: false }, { requireTls: true }),
  either("cache-encrypted", "aws:elasticache/serverlessCache:ServerlessCache", {}, { kmsKeyId: key }),
  either("warehouse-encrypted", "aws:redshiftserverless/namespace:Namespace", {}, { kmsKeyId: key }),
  either(
    "warehouse-tls",
    "aws:redshiftserverless/workgroup:Workgroup",
    { configParameters: [{ parameterKey: "require_ssl", parameterValue: "false" }] },
    { configParameters: [{ parameterKey: "require_ssl", parameterValue: "true" }] },
  ),
  either(
    "query-results-encrypted",
    "aws:athena/workgroup:Workgroup",
    { configuration: { enforceWorkgroupConfiguration: true } },
    {
      configuration: {
        enforceWorkgroupConfiguration: true,
        resultConfiguration: { encryptionConfiguration: { encryptionOption: "SSE_KMS" } },
      },
    },
  ),
  either(
    "kubernetes-secrets-encrypted",
    "aws:eks/cluster:Cluster",
    {},
    { encryptionConfig: { resources: ["secrets"] } },
  ),
  either(
    "images-encrypted",
    "aws:ecr/repository:Repository",
    { encryptionConfigurations: [{ encryptionType: "AES256" }] },
    { encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: key }] },
  ),
  either("secret-encrypted", "aws:secretsmanager/secret:Secret", {}, { kmsKeyId: key }),
  either("trail-encrypted", "aws:cloudtrail/trail:Trail", {}, { kmsKeyId: key }),
  either("backup-vault-encrypted", "aws:backup/vault:Vault", {}, { kmsKeyArn: key }),
  either("build-encrypted", "aws:codebuild/project:Project", {}, { encryptionKey: key }),
  either(
    "canary-artifacts-encrypted",
    "aws:synthetics/canary:Canary",
    { artifactConfig: { s3Encryption: { encryptionMode: "SSE_S3" } } },
    { artifactConfig: { s3Encryption: { encryptionMode: "SSE_KMS" } } },
  ),
  either(
    "edge-tls",
    distribution,
    { viewerCertificate: { minimumProtocolVersion: "TLSv1.2_2018" } },
    { viewerCertificate: { minimumProtocolVersion: "TLSv1.2_2021" } },
  ),
  either(
    "edge-https-only",
    distribution,
    { defaultCacheBehavior: { viewerProtocolPolicy: "allow-all" } },
    { defaultCacheBehavior: { viewerProtocolPolicy: "https-only" } },
  ),
  either(
    "origin-tls",
    distribution,
    { origins: [{ customOriginConfig: { originProtocolPolicy: "match-viewer" } }] },
    {
      origins: [
        { customOriginConfig: { originProtocolPolicy: "https-only", originSslProtocols: ["TLSv1.2"] } },
      ],
    },
  ),
  either(
    "domain-tls",
    "aws:apigatewayv2/domainName:DomainName",
    { domainNameConfiguration: {} },
    { domainNameConfiguration: { securityPolicy: "TLS_1_2" } },
  ),
];
