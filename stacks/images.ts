import { logicalName, physicalName } from "./naming.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";

/** Releases kept in a repository: back to the last good one, several times over. */
const releasesKept = 30;
/** Layers of an upload that never got its tag. */
const untaggedDays = 7;

/** A repository whose tags mean the same image for ever, and which AWS looks through for known vulnerabilities. */
export function createRepository(name: string, settings: StageSettings, keys: Keys): aws.ecr.Repository {
  if (keys.images === undefined)
    throw new Error(`${name}: ${settings.stage} has no cluster that runs images.`);
  const logical = `${logicalName(name)}Images`;
  const repository = new aws.ecr.Repository(
    logical,
    {
      name: physicalName(name),
      imageTagMutability: "IMMUTABLE",
      imageScanningConfiguration: { scanOnPush: true },
      encryptionConfigurations: [{ encryptionType: "KMS", kmsKey: keys.images.arn }],
      forceDelete: !settings.retainData,
    },
    { retainOnDelete: settings.retainData },
  );
  new aws.ecr.LifecyclePolicy(`${logical}Lifecycle`, {
    repository: repository.name,
    policy: JSON.stringify({
      rules: [
        expiry(1, "Uploads that were never finished", {
          ...{ tagStatus: "untagged", countType: "sinceImagePushed" },
          ...{ countUnit: "days", countNumber: untaggedDays },
        }),
        expiry(2, "Old releases", {
          ...{ tagStatus: "tagged", tagPatternList: ["*"] },
          ...{ countType: "imageCountMoreThan", countNumber: releasesKept },
        }),
      ],
    }),
  });
  return repository;
}

const expiry = (rulePriority: number, description: string, selection: object): object => ({
  rulePriority,
  description,
  selection,
  action: { type: "expire" },
});

/**
 * Copies somebody else's image into a repository of ours: nodes reach no other registry, and what ran once can be
 * pulled again whatever becomes of its publisher. Done by Docker where the deployment runs, the way SST makes images.
 */
export function copyImage(
  source: string,
  tag: string,
  repository: aws.ecr.Repository,
  own: string,
): dockerbuild.Image {
  const login = aws.ecr.getAuthorizationTokenOutput({});
  return new dockerbuild.Image(`${logicalName(own)}Copy`, {
    dockerfile: { inline: `FROM ${source}:${tag}\n` },
    platforms: ["linux/arm64"],
    tags: [$interpolate`${repository.repositoryUrl}:${tag}`],
    push: true,
    // A preview neither pulls nor pushes.
    buildOnPreview: false,
    registries: [
      { address: login.proxyEndpoint, username: login.userName, password: $util.secret(login.password) },
    ],
  });
}
