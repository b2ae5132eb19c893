import type { Engine } from "./books.ts";
import { physicalName } from "./naming.ts";
import { referredStage, replicaRegion, sharedName } from "./pair.ts";
import type { Parts } from "./parts.ts";
import type { Permission } from "./permissions.ts";
import type { StageSettings } from "./settings.ts";
import type { SharedKey } from "./shared-keys.ts";

/** A database of two regions: one is written to, the other follows within a second or so. As one of the two has it. */
export interface GlobalBooks {
  /** What both regions call it. */
  readonly identifier: $util.Output<string>;
  readonly arn: $util.Output<string>;
  /** Where the owner's password is, in this region. */
  readonly ownerArn: $util.Output<string>;
  /** The secret itself, by the stage that made it. */
  readonly owner: Owner | undefined;
}

/** The secret, with its first password in it. */
interface Owner {
  readonly secret: aws.secretsmanager.Secret;
  readonly first: aws.secretsmanager.SecretVersion;
}

/** What a cluster is told beside what all clusters of the books are. */
interface Membership {
  readonly args: Partial<aws.rds.ClusterArgs>;
  readonly ignoreChanges: string[];
  readonly global: GlobalBooks | undefined;
}

/** The owner of the books: no name that somebody would guess. */
export const booksOwner = "books_owner";
/** Of the 99 that PostgreSQL takes on Aurora. Letters and digits: some signs it refuses. */
const passwordLength = 48;

/**
 * What the cluster is a part of, and whose password it has. A stage that is alone leaves the password to RDS, which
 * makes it and a new one every seven days. For a database of two regions RDS does not: the home keeps it in a secret
 * that is copied to the standby, and a function of ours changes it (ADR 50).
 */
export function createMembership(settings: StageSettings, key: SharedKey, engine: Engine): Membership {
  if (referredStage(settings) !== undefined) return following(settings);
  const region = replicaRegion(settings);
  return region === undefined ? managedByRds(key, engine) : leading(settings, key, engine, region);
}

const managedByRds = (key: SharedKey, { database }: Engine): Membership => ({
  args: {
    databaseName: database,
    masterUsername: booksOwner,
    manageMasterUserPassword: true,
    masterUserSecretKmsKeyId: key.arn,
  },
  ignoreChanges: [],
  global: undefined,
});

/** The home makes the database, and begins as the one that is written to. */
function leading(
  settings: StageSettings,
  key: SharedKey,
  { engine, engineVersion, database }: Engine,
  region: string,
): Membership {
  const global = new aws.rds.GlobalCluster(
    "BooksGlobal",
    {
      globalClusterIdentifier: physicalName("Books"),
      engine,
      engineVersion,
      storageEncrypted: true,
      deletionProtection: settings.protectFromDeletion,
    },
    { retainOnDelete: settings.retainData },
  );
  const owner = createOwner(settings, key, region);
  return {
    args: {
      globalClusterIdentifier: global.id,
      databaseName: database,
      masterUsername: booksOwner,
      masterPassword: owner.first.secretString.apply((kept) => passwordIn(kept ?? "{}")),
    },
    // The password is the rotation's. The others are told to a new cluster alone: after a failover this one follows, and
    // RDS may tell them otherwise.
    ignoreChanges: ["masterPassword", "masterUsername", "databaseName", "replicationSourceIdentifier"],
    global: { identifier: global.id, arn: global.arn, ownerArn: owner.secret.arn, owner },
  };
}

const passwordIn = (kept: string): string => String((JSON.parse(kept) as { password?: unknown }).password);

/** A cluster that follows is given no database, owner or password: they come with the data. */
function following(settings: StageSettings): Membership {
  const { accountId } = aws.getCallerIdentityOutput();
  const name = sharedName(settings, "Books");
  const home = settings.pair?.home.region;
  return {
    args: { globalClusterIdentifier: name, ...(home !== undefined && { sourceRegion: home }) },
    // RDS tells whom it follows, and after a failover nobody.
    ignoreChanges: ["replicationSourceIdentifier"],
    global: {
      identifier: $interpolate`${name}`,
      // It is in no region.
      arn: $interpolate`arn:aws:rds::${accountId}:global-cluster:${name}`,
      ownerArn: aws.secretsmanager.getSecretOutput({ name: sharedName(settings, "BooksOwner") }).arn,
      owner: undefined,
    },
  };
}

/** Draws the first password, which nobody sees, and which counts until the rotation has run: at once. */
function createOwner(settings: StageSettings, key: SharedKey, region: string): Owner {
  const secret = new aws.secretsmanager.Secret(
    "BooksOwner",
    {
      name: physicalName("BooksOwner"),
      description: "The owner of the books: username and password, as JSON",
      kmsKeyId: key.arn,
      // Whoever goes on there after a failover needs it there.
      replicas: [{ region, ...(key.replicaArn !== undefined && { kmsKeyId: key.replicaArn }) }],
    },
    { retainOnDelete: settings.retainData },
  );
  const { randomPassword } = aws.secretsmanager.getRandomPasswordOutput({
    passwordLength,
    excludePunctuation: true,
  });
  const first = new aws.secretsmanager.SecretVersion(
    "BooksOwnerFirst",
    {
      secretId: secret.id,
      secretString: $util.secret($jsonStringify({ username: booksOwner, password: randomPassword })),
    },
    // Each deployment draws anew. The first draw is the one that counted.
    { ignoreChanges: ["secretString"], retainOnDelete: settings.retainData },
  );
  return { secret, first };
}

/** What `RotateBooksOwner` is told. */
export const ownerVariables = ({ books }: Parts): Record<string, $util.Input<string>> =>
  books?.global === undefined ? {} : { BOOKS_CLUSTER: books.cluster.clusterIdentifier };

/**
 * To keep a new password, and to tell RDS. IAM has nothing finer than `ModifyDBCluster`, by which all of the cluster can
 * be changed: the code asks for the password alone.
 */
export function ownerPermissions({ books, keys, settings }: Parts): Permission[] {
  if (books?.global === undefined || keys.books === undefined) return [];
  const through = {
    test: "StringEquals",
    variable: "kms:ViaService",
    values: [`secretsmanager.${settings.region}.amazonaws.com`],
  };
  return [
    {
      actions: [
        "secretsmanager:DescribeSecret",
        "secretsmanager:GetSecretValue",
        "secretsmanager:PutSecretValue",
        "secretsmanager:UpdateSecretVersionStage",
      ],
      resources: [books.global.ownerArn],
    },
    {
      actions: ["kms:Decrypt", "kms:GenerateDataKey"],
      resources: [keys.books.arn],
      conditions: [through],
    },
    { actions: ["rds:ModifyDBCluster", "rds:DescribeDBClusters"], resources: [books.cluster.arn] },
  ];
}

/** What `PromoteBooks` is told. Nothing where there is no other region. */
export const promotionVariables = ({ books }: Parts): Record<string, $util.Input<string>> =>
  books?.global === undefined
    ? {}
    : { BOOKS_GLOBAL: books.global.identifier, BOOKS_CLUSTER_ARN: books.cluster.arn };

/** It may promote the cluster of its own region, and no other. */
export function promotionPermissions({ books }: Parts): Permission[] {
  if (books?.global === undefined) return [];
  const { global, cluster } = books;
  return [
    { actions: ["rds:DescribeGlobalClusters"], resources: [global.arn] },
    { actions: ["rds:FailoverGlobalCluster"], resources: [global.arn, cluster.arn] },
  ];
}
