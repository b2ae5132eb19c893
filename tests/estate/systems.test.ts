import { expect, it } from "vitest";
import { production } from "./committed-plan.ts";

/**
 * A system of the estate: a resource of production, and another that uses it or is wired to it. What an account has once
 * (GuardDuty, Security Hub, Config, the trail, Macie, the organization) is in the stages of accounts.test.ts
 * and watching-accounts.test.ts.
 */
interface System {
  readonly concern: string;
  readonly system: string;
  /** Logical name. */
  readonly is: string;
  /** Logical name of its consumer, whose inputs, or whose role's, name the system; or the other way round. */
  readonly usedBy: string;
}

const rows = (
  concern: string,
  ...systems: (readonly [system: string, is: string, usedBy: string])[]
): System[] => systems.map(([system, is, usedBy]) => ({ concern, system, is, usedBy }));

// biome-ignore format: a table is read in rows
const systems: readonly System[] = [
  ...rows("edge",
    ["CloudFront", "Edge", "OriginDomain"],
    ["WAF", "EdgeFirewall", "Edge"],
    ["Route 53", "ApiRecordA", "Edge"],
    ["a health check", "ApiHealth", "ApiUnreachableAlarm"],
    ["ACM", "EdgeCertificate", "Edge"],
    ["the rotated origin secret", "OriginSecret2", "PaymentsApiFunction"]),
  ...rows("API",
    ["API Gateway HTTP API", "ApiApi", "ApiRoutePaymentsRoute"],
    ["a custom domain", "OriginDomain", "OriginMapping"],
    ["Cognito user pool", "Clients", "MerchantsApiFunction"],
    ["a resource server", "ClientsScopes", "Clients"],
    ["Lambda authorizer", "BearerAuthorizerFunction", "ApiAuthorizerBearerAuthorizer"]),
  ...rows("processing",
    ["Lambda", "AuthorizeTaskFunction", "PaymentSaga"],
    ["Step Functions, Express", "PaymentSaga", "PaymentsApiFunction"],
    ["Step Functions, Standard", "RecoverySaga", "CheckFunction"],
    ["EKS", "Cluster", "Kubernetes"],
    ["KEDA on queue depth", "ReconcilerScaling", "InboundFilesQueue"],
    ["Pod Identity", "ReconcilerIdentity", "Cluster"],
    ["a registry of images", "ReconcilerImages", "Reconciler"]),
  ...rows("data",
    ["DynamoDB: payments", "PaymentsTable", "PostTaskFunction"],
    ["DynamoDB: ledger", "LedgerTable", "PostTaskFunction"],
    ["S3: settlement files", "InboundBucket", "InboundBucketNotices"],
    ["Aurora", "Books", "BooksProxyTarget"],
    ["Aurora, in backups", "Books", "BackupSelection"],
    ["RDS Proxy", "BooksProxy", "Reconciler"],
    ["ElastiCache", "Cache", "Reconciler"],
    ["S3: the archive, under Object Lock", "ArchiveBucket", "ArchiveCopy"]),
  ...rows("events",
    ["SQS", "ChecksQueue", "CheckSource"],
    ["a dead-letter queue", "DeadLettersQueue", "ChecksQueue"],
    ["SNS", "EdgeAlarms", "ApiUnreachableAlarm"],
    ["SNS, to merchants", "News", "NotifyFunction"],
    ["SNS, whom merchants name", "News", "MerchantsApiFunction"],
    ["Kinesis", "PaymentEvents", "RecordEventsSource"],
    ["Firehose, to the archive", "ArchiveDelivery", "PaymentEvents"],
    ["Firehose, to the lake", "LakeDelivery", "PaymentEvents"],
    ["EventBridge", "FailedExecutions", "FailedExecutionsTarget"]),
  ...rows("analytics",
    ["Redshift Serverless", "Warehouse", "WarehouseData"],
    ["Redshift, from Kinesis", "PaymentEvents", "WarehouseReaderRole"],
    ["Glue", "PaymentEventsColumns", "LakeDelivery"],
    ["Athena", "Questions", "Reports"],
    ["QuickSight", "ReportReaders", "Reports"]),
  ...rows("security",
    ["a KMS key per purpose", "VaultKey", "CardTokensApiFunction"],
    ["VPC", "Network", "PrivateSubnetA"],
    ["private endpoints", "DynamodbEndpoint", "Network"],
    ["security groups", "EndpointsGroup", "Network"],
    ["network ACLs", "PrivateAcl", "Network"],
    ["flow logs", "FlowLogs", "Network"],
    ["GuardDuty, on files from outside", "InboundScan", "InboundBucket"]),
  ...rows("operations",
    ["CloudWatch dashboards", "MoneyDashboard", "RelayBehindAlarm"],
    ["alarms", "DeadLettersUnreadAlarm", "DeadLettersUnreadQueue"],
    ["a canary", "CanaryClient", "Canary"],
    ["whom they tell", "Alarms", "SystemTroubleAlarm"],
    ["counted log lines", "RelayPaymentsInReview", "RelayFunction"]),
  ...rows("delivery",
    ["CodePipeline", "Pipeline", "DeployBuild"],
    ["CodeBuild", "CheckBuild", "Pipeline"]),
  ...rows("recovery",
    ["AWS Backup", "Backups", "BackupPlan"],
    ["a vault lock", "BackupsLock", "Backups"],
    ["copies in another region", "BackupCopies", "BackupPlan"],
    ["tests of restoring", "RestoredTables", "RestoreTests"],
    ["the failover workflow", "FailoverSaga", "OpenRegionFunction"],
    ["multi-region keys", "VaultKeyReplica", "VaultKey"],
    ["global tables, under a key there", "VaultTableKeyReplica", "VaultTable"],
    ["S3 replication of files", "InboundReplicaBucket", "InboundCopy"],
    ["S3 replication of events", "ArchiveReplicaBucket", "ArchiveCopy"],
    ["DNS that follows region_open", "RegionOpened2", "OriginRecord"],
    ["the failover workflow", "AdmitFailoverFunction", "FailoverSaga"],
    ["Aurora Global", "BooksGlobal", "Books"],
    ["Aurora Global, in a failover", "BooksGlobal", "PromoteBooksFunction"],
    ["the owner of the books, rotated", "BooksOwner", "BooksOwnerRotation"]),
];

/** What the design names and `stacks/` does not have yet: an entry whose type is in the plan by now is an error. */
const missing: Readonly<Record<string, string>> = {};

/** Whatever says which resource is meant. */
const namesOf = (name: string): readonly string[] => {
  const { outputs = {}, inputs } = production.resource<Record<string, unknown>>(name);
  const known = ["arn", "id", "url", "domainName", "repositoryUrl", "name", "bucket", "streamArn", "value"];
  return known.flatMap((key) => [outputs[key], inputs[key]]).filter((each) => typeof each === "string");
};

/** All that a resource is told, with what its role may do. */
function toldTo(name: string): string {
  const { inputs } = production.resource<{ readonly role?: string; readonly roleArn?: string }>(name);
  const roleArn = inputs.role ?? inputs.roleArn;
  const role = production
    .ofType("aws:iam/role:Role")
    .find(({ outputs }) => roleArn !== undefined && outputs?.["arn"] === roleArn);
  return JSON.stringify([inputs, role?.inputs]);
}

it.each(systems)("$concern: $system is in production, and is used by $usedBy", ({ is, usedBy }) => {
  const isTold = namesOf(is).some((name) => toldTo(usedBy).includes(name));
  const tells = namesOf(usedBy).some((name) => toldTo(is).includes(name));
  expect(isTold || tells).toBe(true);
});

it("what is still missing is not there by now", () => {
  const there = Object.entries(missing).filter(([, type]) => production.ofType(type).length > 0);
  expect(there).toEqual([]);
});
