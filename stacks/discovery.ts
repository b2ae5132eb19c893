import { company, earlierMembers, rootAddressOf } from "./company.ts";
import { homeRegion, usedRegions } from "./constants.ts";
import { inRegion, logicalName, nameIn, physicalName } from "./naming.ts";
import { type Operators, tell } from "./operators.ts";

/** Stages with cards of real people. Their settings have `inspectsFiles`, by which Macie can decrypt (ADR 48). */
const searchedStages = ["production", "staging"] as const;

/** What is looked through for card numbers, how often, and how much of it, in percent. Each run takes what is new. */
const searches = [
  {
    name: "InboundSearch",
    description: "Files of acquirers and banks: nobody but they know what they put there",
    bucket: "Inbound",
    schedule: { dailySchedule: true },
    percent: 100,
  },
  {
    name: "ArchiveSearch",
    // Events have no field for a card number, so a fault of ours would show in many of them.
    description: "Events as they were sent, a sample: a fault of ours that put a card number there",
    bucket: "Archive",
    schedule: { weeklySchedule: "MONDAY" },
    percent: 5,
  },
] as const;

/** Card numbers in a bucket would be a breach of PCI DSS 3: Macie looks for them, and operators are told of what it finds. */
export function createDiscovery(operators: Operators): void {
  for (const region of usedRegions) {
    const enrolled = enrol(region);
    if (region === homeRegion) for (const search of searches) createSearch(search, enrolled);
  }
  // Macie hands Security Hub what is wrong with a bucket, and not what it found in one.
  tell(operators, "CardDataFound", {
    source: ["aws.macie"],
    "detail-type": ["Macie Finding"],
    detail: {
      type: ["Credentials", "Financial", "Multiple"].map((kind) => `SensitiveData:S3Object/${kind}`),
    },
  });
}

function enrol(region: string): readonly aws.macie2.Member[] {
  const suffix = inRegion(region);
  // To name this account Macie's administrator has switched it on here (stacks/organization.ts), and twice is an error.
  const organization = new aws.macie2.OrganizationConfiguration(`MacieMembers${suffix}`, {
    region,
    autoEnable: true,
  });
  return earlierMembers.map(
    (member) =>
      new aws.macie2.Member(
        `Macie${suffix}${logicalName(member)}`,
        { region, accountId: company.accounts[member], email: rootAddressOf(member), status: "ENABLED" },
        { dependsOn: organization },
      ),
  );
}

/** By the bucket's name, not by the bucket: it comes with its stage, and an account is deployed before that. */
function createSearch(
  { name, description, bucket, schedule, percent }: (typeof searches)[number],
  enrolled: readonly aws.macie2.Member[],
): void {
  new aws.macie2.ClassificationJob(
    name,
    {
      // A job cannot be changed, only replaced: the new one is there before the old one ends.
      namePrefix: `${physicalName(name)}-`,
      region: homeRegion,
      description,
      jobType: "SCHEDULED",
      initialRun: true,
      scheduleFrequency: { ...schedule },
      samplingPercentage: percent,
      s3JobDefinition: {
        bucketCriteria: {
          includes: {
            ands: [
              {
                simpleCriterion: {
                  key: "S3_BUCKET_NAME",
                  comparator: "EQ",
                  values: searchedStages.map(
                    (stage) => `${nameIn(stage, bucket)}-${company.accounts[stage]}`,
                  ),
                },
              },
            ],
          },
        },
      },
    },
    { dependsOn: [...enrolled] },
  );
}
