import type { PlanView } from "../plan-view.ts";
import { statementsIn } from "./documents.ts";
import { each, type Rule } from "./rule.ts";

interface OfBucket {
  readonly bucket: string;
}

/** A bucket's settings are resources of their own, which name it. */
function besideBucket<T extends OfBucket>(
  plan: PlanView,
  bucket: string,
  types: readonly string[],
): readonly T[] {
  return types
    .flatMap((type) => plan.ofType<T>(type))
    .filter(({ inputs }) => inputs.bucket === bucket)
    .map(({ inputs }) => inputs);
}

const bucketType = "aws:s3/bucket:Bucket";
const policyType = "aws:s3/bucketPolicy:BucketPolicy";
const sseType = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";

interface Sse extends OfBucket {
  readonly rules: readonly {
    readonly applyServerSideEncryptionByDefault?: { readonly sseAlgorithm: string };
  }[];
}

const tlsRefused = (document: unknown): boolean =>
  statementsIn(document).some(
    ({ Effect, Condition }) =>
      Effect === "Deny" && String(Condition?.["Bool"]?.["aws:SecureTransport"]) === "false",
  );

/** Encryption of what is stored, and of what is on its way. */
export const encryptionRules: readonly Rule[] = [
  {
    name: "keys-rotate",
    shows: ["PCI 3.7.4", "KMS.4"],
    says: "A key is changed at the end of its time. HMAC and asymmetric keys, which KMS cannot rotate, are exempt.",
    check: each<{ keyUsage?: string; customerMasterKeySpec?: string; enableKeyRotation?: boolean }>(
      "aws:kms/key:Key",
      ({ keyUsage = "ENCRYPT_DECRYPT", customerMasterKeySpec = "SYMMETRIC_DEFAULT", enableKeyRotation }) =>
        keyUsage === "ENCRYPT_DECRYPT" &&
        customerMasterKeySpec === "SYMMETRIC_DEFAULT" &&
        enableKeyRotation !== true &&
        "does not rotate: set enableKeyRotation",
    ),
  },
  {
    name: "bucket-encrypted",
    shows: ["PCI 3.5.1", "S3.17"],
    says: "What a bucket holds is encrypted under a KMS key.",
    check: each<OfBucket>(bucketType, ({ bucket }, _, plan) => {
      const algorithms = besideBucket<Sse>(plan, bucket, [sseType]).flatMap(({ rules }) =>
        rules.map((rule) => rule.applyServerSideEncryptionByDefault?.sseAlgorithm),
      );
      return !algorithms.some((each) => each?.startsWith("aws:kms")) && "is not encrypted under a KMS key";
    }),
  },
  {
    name: "bucket-tls",
    shows: ["PCI 4.2.1", "S3.5"],
    says: "A bucket refuses requests without TLS.",
    check: each<OfBucket>(bucketType, ({ bucket }, _, plan) => {
      const policies = besideBucket<OfBucket & { policy: unknown }>(plan, bucket, [policyType]);
      return (
        !policies.some(({ policy }) => tlsRefused(policy)) &&
        "answers without TLS: deny aws:SecureTransport false"
      );
    }),
  },
  {
    name: "queue-encrypted",
    shows: ["PCI 3.5.1", "SQS.1"],
    says: "Messages are encrypted while they wait.",
    check: each<{ sqsManagedSseEnabled?: boolean; kmsMasterKeyId?: string }>(
      "aws:sqs/queue:Queue",
      ({ sqsManagedSseEnabled, kmsMasterKeyId }) =>
        !sqsManagedSseEnabled &&
        !kmsMasterKeyId &&
        "is not encrypted: set sqsManagedSseEnabled or kmsMasterKeyId",
    ),
  },
  {
    name: "topic-encrypted",
    shows: ["PCI 3.5.1", "SNS.1"],
    says: "What a topic carries is encrypted under a KMS key.",
    check: each<{ kmsMasterKeyId?: string }>(
      "aws:sns/topic:Topic",
      ({ kmsMasterKeyId }) => !kmsMasterKeyId && "is not encrypted: set kmsMasterKeyId",
    ),
  },
  {
    name: "stream-encrypted",
    shows: ["PCI 3.5.1", "Kinesis.1"],
    says: "Records are encrypted while the stream keeps them.",
    check: each<{ encryptionType?: string }>(
      "aws:kinesis/stream:Stream",
      ({ encryptionType }) => encryptionType !== "KMS" && "is not encrypted: set encryptionType KMS",
    ),
  },
  {
    name: "firehose-encrypted",
    shows: ["PCI 3.5.1", "DataFirehose.1"],
    says: "A delivery stream writes under a KMS key.",
    check: each<{ extendedS3Configuration?: { kmsKeyArn?: string } }>(
      "aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream",
      ({ extendedS3Configuration }) =>
        extendedS3Configuration !== undefined &&
        !extendedS3Configuration.kmsKeyArn &&
        "writes to S3 without a key: set extendedS3Configuration.kmsKeyArn",
    ),
  },
  {
    name: "aurora-encrypted",
    shows: ["PCI 3.5.1", "RDS.27"],
    says: "The books are encrypted at rest under a key of ours.",
    check: each<{ storageEncrypted?: boolean; kmsKeyId?: string }>(
      "aws:rds/cluster:Cluster",
      ({ storageEncrypted, kmsKeyId }) =>
        !(storageEncrypted && kmsKeyId) &&
        "is not encrypted under a key of ours: set storageEncrypted and kmsKeyId",
    ),
  },
  {
    name: "global-books-encrypted",
    shows: ["PCI 3.5.1", "RDS.27"],
    says: "A database of several regions takes encrypted clusters only.",
    check: each<{ storageEncrypted?: boolean }>(
      "aws:rds/globalCluster:GlobalCluster",
      ({ storageEncrypted }) => !storageEncrypted && "is not encrypted: set storageEncrypted",
    ),
  },
  {
    name: "database-proxy-tls",
    shows: ["PCI 4.2.1", "RDS.43"],
    says: "The proxy takes connections under TLS only.",
    check: each<{ requireTls?: boolean }>(
      "aws:rds/proxy:Proxy",
      ({ requireTls }) => !requireTls && "takes connections without TLS: set requireTls",
    ),
  },
  {
    name: "cache-encrypted",
    shows: ["PCI 3.5.1", "ElastiCache.4"],
    says: "A cache is encrypted under a key of ours; a serverless one always speaks TLS.",
    check: each<{ kmsKeyId?: string }>(
      "aws:elasticache/serverlessCache:ServerlessCache",
      ({ kmsKeyId }) => !kmsKeyId && "is not encrypted under a key of ours: set kmsKeyId",
    ),
  },
  {
    name: "warehouse-encrypted",
    shows: ["PCI 3.5.1", "RedshiftServerless.4"],
    says: "The warehouse is encrypted under a key of ours.",
    check: each<{ kmsKeyId?: string }>(
      "aws:redshiftserverless/namespace:Namespace",
      ({ kmsKeyId }) => !kmsKeyId && "is not encrypted under a key of ours: set kmsKeyId",
    ),
  },
  {
    name: "warehouse-tls",
    shows: ["PCI 4.2.1", "RedshiftServerless.2"],
    says: "The warehouse takes connections under TLS only.",
    check: each<{ configParameters?: readonly { parameterKey: string; parameterValue: string }[] }>(
      "aws:redshiftserverless/workgroup:Workgroup",
      ({ configParameters = [] }) =>
        !configParameters.some(
          (each) => each.parameterKey === "require_ssl" && each.parameterValue === "true",
        ) && "takes connections without TLS: set require_ssl to true",
    ),
  },
  {
    name: "query-results-encrypted",
    shows: ["PCI 3.5.1"],
    says: "Athena writes results encrypted, and no client can choose otherwise.",
    check: each<{
      configuration?: {
        enforceWorkgroupConfiguration?: boolean;
        resultConfiguration?: { encryptionConfiguration?: { encryptionOption: string } };
      };
    }>(
      "aws:athena/workgroup:Workgroup",
      ({ configuration: { enforceWorkgroupConfiguration = true, resultConfiguration } = {} }) =>
        !(enforceWorkgroupConfiguration && resultConfiguration?.encryptionConfiguration) &&
        "lets results be written in the clear: enforce the configuration, with encryptionConfiguration",
    ),
  },
  {
    name: "kubernetes-secrets-encrypted",
    shows: ["PCI 3.5.1", "EKS.3"],
    says: "Secrets of Kubernetes are encrypted under a KMS key.",
    check: each<{ encryptionConfig?: { resources?: readonly string[] } }>(
      "aws:eks/cluster:Cluster",
      ({ encryptionConfig }) =>
        !encryptionConfig?.resources?.includes("secrets") &&
        "keeps secrets without a key of ours: set encryptionConfig",
    ),
  },
  {
    name: "images-encrypted",
    shows: ["PCI 3.5.1", "ECR.5"],
    says: "Images are encrypted under a KMS key of ours.",
    check: each<{ encryptionConfigurations?: readonly { encryptionType?: string; kmsKey?: string }[] }>(
      "aws:ecr/repository:Repository",
      ({ encryptionConfigurations = [] }) =>
        !encryptionConfigurations.some(({ encryptionType, kmsKey }) => encryptionType === "KMS" && kmsKey) &&
        "is not encrypted under a key of ours: set encryptionConfigurations",
    ),
  },
  {
    name: "secret-encrypted",
    shows: ["PCI 8.3.2", "PCI 3.6.1"],
    says: "A secret is encrypted under a key whose policy is ours.",
    check: each<{ kmsKeyId?: string }>(
      "aws:secretsmanager/secret:Secret",
      ({ kmsKeyId }) => !kmsKeyId && "is under AWS's own key: set kmsKeyId",
    ),
  },
  {
    name: "trail-encrypted",
    shows: ["PCI 10.3.1", "CloudTrail.2"],
    says: "The trail is encrypted under a KMS key.",
    check: each<{ kmsKeyId?: string }>(
      "aws:cloudtrail/trail:Trail",
      ({ kmsKeyId }) => !kmsKeyId && "is not encrypted: set kmsKeyId",
    ),
  },
  {
    name: "backup-vault-encrypted",
    shows: ["PCI 3.5.1", "Backup.1"],
    says: "Backups are encrypted under a key of ours.",
    check: each<{ kmsKeyArn?: string }>(
      "aws:backup/vault:Vault",
      ({ kmsKeyArn }) => !kmsKeyArn && "is under AWS's own key: set kmsKeyArn",
    ),
  },
  {
    name: "build-encrypted",
    shows: ["PCI 3.5.1"],
    says: "What a build leaves behind is encrypted under a key of ours.",
    check: each<{ encryptionKey?: string }>(
      "aws:codebuild/project:Project",
      ({ encryptionKey }) => !encryptionKey && "is under AWS's own key: set encryptionKey",
    ),
  },
  {
    name: "canary-artifacts-encrypted",
    shows: ["PCI 3.5.1", "S3.17"],
    says: "What the canary saw is encrypted under a key of ours.",
    check: each<{ artifactConfig?: { s3Encryption?: { encryptionMode?: string } } }>(
      "aws:synthetics/canary:Canary",
      ({ artifactConfig }) =>
        artifactConfig?.s3Encryption?.encryptionMode !== "SSE_KMS" &&
        "is under AWS's own key: set artifactConfig.s3Encryption to SSE_KMS",
    ),
  },
  {
    name: "edge-tls",
    shows: ["PCI 4.2.1", "CloudFront.15"],
    says: "Browsers and servers reach us under TLS 1.2 or newer.",
    check: each<{ viewerCertificate?: { minimumProtocolVersion?: string } }>(
      "aws:cloudfront/distribution:Distribution",
      ({ viewerCertificate }) =>
        !/^TLSv1\.[23]_20(2[1-9]|[3-9]\d)$/.test(viewerCertificate?.minimumProtocolVersion ?? "") &&
        "takes old TLS: set viewerCertificate.minimumProtocolVersion to TLSv1.2_2021 or newer",
    ),
  },
  {
    name: "edge-https-only",
    shows: ["PCI 4.2.1", "CloudFront.3"],
    says: "The edge never answers in the clear.",
    check: each<{ defaultCacheBehavior?: { viewerProtocolPolicy?: string } }>(
      "aws:cloudfront/distribution:Distribution",
      ({ defaultCacheBehavior }) =>
        !["https-only", "redirect-to-https"].includes(defaultCacheBehavior?.viewerProtocolPolicy ?? "") &&
        "answers in the clear: set viewerProtocolPolicy to https-only",
    ),
  },
  {
    name: "origin-tls",
    shows: ["PCI 4.2.1", "CloudFront.10"],
    says: "The edge speaks TLS 1.2 with what is behind it.",
    check: each<{
      origins?: readonly {
        customOriginConfig?: { originProtocolPolicy?: string; originSslProtocols?: readonly string[] };
      }[];
    }>(
      "aws:cloudfront/distribution:Distribution",
      ({ origins = [] }) =>
        origins.some(
          ({ customOriginConfig: origin }) =>
            origin !== undefined &&
            (origin.originProtocolPolicy !== "https-only" ||
              origin.originSslProtocols?.some((each) => each !== "TLSv1.2")),
        ) && "speaks old TLS, or none, with its origin: https-only and TLSv1.2",
    ),
  },
  {
    name: "domain-tls",
    shows: ["PCI 4.2.1"],
    says: "The API's own domain takes TLS 1.2 or newer.",
    check: each<{ domainNameConfiguration?: { securityPolicy?: string } }>(
      "aws:apigatewayv2/domainName:DomainName",
      ({ domainNameConfiguration }) =>
        domainNameConfiguration?.securityPolicy !== "TLS_1_2" &&
        "takes old TLS: set securityPolicy to TLS_1_2",
    ),
  },
];
