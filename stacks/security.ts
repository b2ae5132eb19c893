import { copiesMayRead } from "./backup-keys.ts";
import { discoveryMayRead } from "./inspection.ts";
import { createKey, keyPolicy, letUse } from "./keys.ts";
import { isSandbox, type StageSettings } from "./settings.ts";
import { createSharedKey, type SharedKey } from "./shared-keys.ts";

export interface Keys extends StoreKeys {
  /** Wraps the data keys that encrypt cards. */
  readonly vault: SharedKey;
  /** Makes card fingerprints: equal cards of one merchant are seen as equal without the number. */
  readonly fingerprint: SharedKey;
  /** Signs the links by which acquirers send customers back to us. */
  readonly returns: SharedKey;
  /** Encrypts the files that acquirers and banks put into their bucket. */
  readonly inbound: SharedKey;
  /** Encrypts what merchants are told, until it is sent. */
  readonly news: aws.kms.Key;
  /** Encrypts the vault table on disk. Apart from `vault`, so that reading the table decrypts no card. */
  readonly vaultTable: SharedKey;
  /** Encrypts the logs of the network, the cluster and what delivers events. Undefined where there is none of them. */
  readonly infrastructureLogs: aws.kms.Key | undefined;
  /** Encrypts the secrets that Kubernetes keeps. Undefined where there is no cluster. */
  readonly clusterSecrets: aws.kms.Key | undefined;
  /** Encrypts the images that the cluster runs. Undefined where there is no cluster. */
  readonly images: aws.kms.Key | undefined;
}

/** Each undefined where the stage has not what it encrypts. */
interface StoreKeys {
  /** Encrypts the books, their backups, and the password of their owner. */
  readonly books: SharedKey | undefined;
  /** Encrypts what the cache keeps on disk. */
  readonly cache: aws.kms.Key | undefined;
  /** Encrypts events as they were sent. Apart from `lake`: who may ask about payments may not read all that is kept. */
  readonly archive: aws.kms.Key | undefined;
  /** Encrypts what Athena asks, and its answers. */
  readonly lake: aws.kms.Key | undefined;
  /** Encrypts the warehouse, and the password of its owner. */
  readonly warehouse: aws.kms.Key | undefined;
}

/**
 * One key per purpose, so that each grant opens one thing and CloudTrail tells uses apart. They have AWS's default key
 * policy, by which IAM policies decide who uses a key: those of the functions are generated.
 */
export function createKeys(settings: StageSettings): Keys {
  return {
    vault: createSharedKey(settings, "Vault", {
      description: "Wraps the data keys of stored cards",
    }),
    vaultTable: createSharedKey(settings, "VaultTable", {
      description: "Encrypts the vault table at rest",
    }),
    // KMS cannot rotate HMAC keys, and must not here: a rotated key would forget every known card.
    fingerprint: createSharedKey(settings, "Fingerprint", {
      description: "Makes card fingerprints",
      enableKeyRotation: false,
      keyUsage: "GENERATE_VERIFY_MAC",
      customerMasterKeySpec: "HMAC_256",
    }),
    inbound: createSharedKey(settings, "Inbound", {
      description: "Encrypts the files of acquirers and banks at rest",
      ...readByDiscovery(settings),
    }),
    returns: createSharedKey(settings, "Returns", {
      description: "Signs the links by which customers come back",
      enableKeyRotation: false,
      keyUsage: "GENERATE_VERIFY_MAC",
      customerMasterKeySpec: "HMAC_256",
    }),
    news: createKey(settings, "News", { description: "Encrypts what merchants are told" }),
    infrastructureLogs:
      (settings.network ?? settings.archive ?? settings.warehouse) && createLogsKey(settings),
    clusterSecrets:
      settings.cluster &&
      createKey(settings, "ClusterSecrets", {
        description: "Encrypts what Kubernetes keeps as secrets",
      }),
    images:
      settings.cluster &&
      createKey(settings, "Images", {
        description: "Encrypts the images that the cluster runs",
      }),
    ...createStoreKeys(settings),
  };
}

function createStoreKeys(settings: StageSettings): StoreKeys {
  const where = (isThere: unknown, name: string, args: aws.kms.KeyArgs & { readonly description: string }) =>
    isThere === undefined ? undefined : createKey(settings, name, args);
  const { books, cache, archive, lake, warehouse } = settings;
  return {
    books:
      books &&
      createSharedKey(settings, "Books", {
        description: "Encrypts the books at rest",
        // A backup of Aurora stays under the cluster's key, wherever it is copied to.
        policy: keyPolicy(...copiesMayRead(settings, true)),
      }),
    cache: where(cache, "Cache", { description: "Encrypts the cache at rest" }),
    archive: where(archive, "Archive", {
      description: "Encrypts events as they were sent",
      ...readByDiscovery(settings),
    }),
    lake: where(lake, "Lake", { description: "Encrypts what Athena asks, and its answers" }),
    warehouse: where(warehouse, "Warehouse", { description: "Encrypts the warehouse at rest" }),
  };
}

/** Of what is looked through for card numbers. Without it AWS's default stays, by which IAM policies decide. */
function readByDiscovery(settings: StageSettings): { readonly policy?: $util.Output<string> } {
  const statements = discoveryMayRead(settings);
  return statements.length === 0 ? {} : { policy: keyPolicy(...statements) };
}

/** CloudWatch Logs encrypts in its own name, so the key's policy lets it in: for log groups of this account only. */
function createLogsKey(settings: StageSettings): aws.kms.Key {
  const { accountId } = aws.getCallerIdentityOutput();
  const service = `logs.${settings.region}.amazonaws.com`;
  const policy = keyPolicy(
    letUse(
      "LogsOfThisAccount",
      service,
      ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
      {
        ArnLike: {
          "kms:EncryptionContext:aws:logs:arn": $interpolate`arn:aws:logs:${settings.region}:${accountId}:log-group:*`,
        },
      },
    ),
  );
  return createKey(settings, "InfrastructureLogs", {
    description: "Encrypts the logs of the network and the cluster",
    policy,
  });
}

export type AcquirerSecretVariable = "ACQUIRER_API_KEYS" | "ACQUIRER_NOTIFICATION_SECRETS";
export type AcquirerSecrets = { readonly [Name in AcquirerSecretVariable]: $util.Output<string> };

/**
 * What the stage shares with its acquirers, as JSON by their names (adapters/acquirers/secrets.ts). SST asks for what is not
 * set before it deploys anything. Undefined where all are sandboxes, whose secrets everybody may know.
 */
export function createAcquirerSecrets({ acquirers }: StageSettings): AcquirerSecrets | undefined {
  if (acquirers.every(isSandbox)) return undefined;
  return {
    ACQUIRER_API_KEYS: new sst.Secret("AcquirerApiKeys").value,
    ACQUIRER_NOTIFICATION_SECRETS: new sst.Secret("AcquirerNotificationSecrets").value,
  };
}
