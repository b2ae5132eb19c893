import { company } from "./company.ts";
import { homeRegion } from "./constants.ts";
import { archiveBucketOf, archiveKeyAlias } from "./log-archive.ts";
import { nameIn, physicalName } from "./naming.ts";
import { productionPair } from "./pair.ts";

/** Stages with cards and books of real people: who else touches them than the stage's own roles is written down. */
const watched = ["production", "staging"] as const;
const watchedTables = ["vault", "ledger"] as const;
type WatchedStage = (typeof watched)[number];
type Selector = aws.types.input.cloudtrail.TrailAdvancedEventSelector;
/** What acquirers said, and what we sent: the evidence of the books. */
const watchedBuckets = ["Inbound", "Archive", "ArchiveLanding"] as const;
const replicaBuckets = ["InboundReplica", "ArchiveReplica"] as const;

/**
 * One trail of all accounts and regions. Members cannot see it as theirs, let alone stop it; it lands in the log
 * archive, with digests by which a missing or changed file shows.
 */
export function createTrail(): void {
  new aws.cloudtrail.Trail(
    "Activity",
    {
      name: physicalName("Activity"),
      isOrganizationTrail: true,
      isMultiRegionTrail: true,
      includeGlobalServiceEvents: true,
      enableLogFileValidation: true,
      s3BucketName: archiveBucketOf("Trail"),
      kmsKeyId: archiveKeyAlias(),
      advancedEventSelectors: [
        {
          name: "Management",
          fieldSelectors: [{ field: "eventCategory", equals: ["Management"] }],
        },
        ...watched.map(tableEvents),
        ...watched.map(objectEvents),
      ],
      insightSelectors: [{ insightType: "ApiCallRateInsight" }, { insightType: "ApiErrorRateInsight" }],
    },
    // AWS answers with the key that the alias stands for, and each deployment would set it again.
    { protect: true, ignoreChanges: ["kmsKeyId"] },
  );
}

/** Where its tables are: a replica in another region opens the same cards. */
const regionsOf = (stage: WatchedStage): readonly string[] => {
  const { home, standby } = productionPair;
  return stage === home.stage ? [home.region, standby.region] : [homeRegion];
};

/**
 * Reads and writes of the tables by anyone but the stage's own roles, whose every payment would be a dozen events. Only
 * the deploy role can make a role of that name, and it is limited by a boundary (stacks/deploy-role.ts).
 */
function tableEvents(stage: WatchedStage): Selector {
  const account = company.accounts[stage];
  return {
    name: `Tables of ${stage} in other hands`,
    fieldSelectors: [
      { field: "eventCategory", equals: ["Data"] },
      { field: "resources.type", equals: ["AWS::DynamoDB::Table"] },
      {
        field: "resources.ARN",
        equals: regionsOf(stage).flatMap((region) =>
          watchedTables.map((table) => `arn:aws:dynamodb:${region}:${account}:table/${nameIn(stage, table)}`),
        ),
      },
      {
        field: "userIdentity.arn",
        notStartsWiths: [`arn:aws:sts::${account}:assumed-role/${nameIn(stage, "")}`],
      },
    ],
  };
}

/**
 * The same for files and archived events. Not S3's own access logs: those come when they come, may miss requests, and go
 * only to a bucket under S3's own key.
 */
function objectEvents(stage: WatchedStage): Selector {
  const account = company.accounts[stage];
  return {
    name: `Files of ${stage} in other hands`,
    fieldSelectors: [
      { field: "eventCategory", equals: ["Data"] },
      { field: "resources.type", equals: ["AWS::S3::Object"] },
      {
        field: "resources.ARN",
        startsWiths: [...watchedBuckets, ...(regionsOf(stage).length > 1 ? replicaBuckets : [])].map(
          (name) => `arn:aws:s3:::${nameIn(stage, name)}-${account}/`,
        ),
      },
      {
        field: "userIdentity.arn",
        notStartsWiths: [`arn:aws:sts::${account}:assumed-role/${nameIn(stage, "")}`],
      },
    ],
  };
}
