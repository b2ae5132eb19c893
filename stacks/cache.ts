import type { Cluster } from "./cluster.ts";
import { physicalName } from "./naming.ts";
import type { Network } from "./network.ts";
import type { Permission } from "./permissions.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";

export interface CacheSettings {
  /** What it may hold, in GB, 1 or more. Beyond, the least used goes first. */
  readonly gigabytesMax: number;
  /** ElastiCache processing units in a second, 1,000 or more: a simple command of up to 1 KB is one. */
  readonly unitsPerSecondMax: number;
}

/** What uses the cache is wired to this. */
export interface Cache {
  readonly cache: aws.elasticache.ServerlessCache;
  /** Ports 6379 and, of its replica, 6380; TLS only. */
  readonly host: $util.Output<string>;
  /** Of the only user, which its pods sign in as. */
  readonly user: string;
  /** To sign in, by a token of IAM and no password. */
  readonly connect: Permission;
}

/** The first port writes, the second reads from a replica. TLS on both: a serverless cache has no other. */
const ports = { ipProtocol: "tcp", fromPort: 6379, toPort: 6380 };
const snapshotDays = 7;
/** Whose keys all begin so. */
const prefix = "reconciler";

/**
 * What the reconciler's pods know together for a while: references and rates that a file's next million lines ask for
 * again, and limits of what acquirers let us ask in a minute. It can be lost at any time, and only time is lost: the
 * books decide. Functions do not use it, they are outside of the network (ADR 35, ADR 37).
 */
export function createCache(
  settings: StageSettings,
  network: Network | undefined,
  cluster: Cluster | undefined,
  keys: Keys,
): Cache | undefined {
  if (settings.cache === undefined) return undefined;
  if (network === undefined || cluster === undefined || keys.cache === undefined)
    throw new Error(`${settings.stage} has a cache, and no cluster that uses it (stacks/settings.ts).`);
  const { user, users } = createUsers();
  const cache = new aws.elasticache.ServerlessCache(
    "Cache",
    {
      name: physicalName("Cache"),
      description: "What pods of the reconciler know together for a while",
      engine: "valkey",
      majorEngineVersion: "8",
      kmsKeyId: keys.cache.arn,
      subnetIds: [...network.privateSubnetIds],
      securityGroupIds: [createGroup(network, cluster).id],
      userGroupId: users.userGroupId,
      cacheUsageLimits: {
        dataStorage: { maximum: settings.cache.gigabytesMax, unit: "GB" },
        ecpuPerSeconds: [{ maximum: settings.cache.unitsPerSecondMax }],
      },
      // UTC. A cache that comes back warm spares the books the questions of all pods at once.
      dailySnapshotTime: "03:30",
      snapshotRetentionLimit: snapshotDays,
    },
    { dependsOn: [users] },
  );
  const connect = { actions: ["elasticache:Connect"], resources: [cache.arn, user.arn] };
  const host = cache.endpoints.apply(([endpoint]) => endpoint?.address ?? "");
  return { cache, host, user: prefix, connect };
}

/** Whoever names no user is nobody: Valkey's user groups have no default one that is let in. */
function createUsers(): { readonly user: aws.elasticache.User; readonly users: aws.elasticache.UserGroup } {
  const user = new aws.elasticache.User("CacheReconciler", {
    // IAM signs in who has one name for both.
    userId: prefix,
    userName: prefix,
    engine: "valkey",
    authenticationMode: { type: "iam" },
    // Its own keys, and nothing that lists, empties or configures.
    accessString: `on ~${prefix}:* resetchannels -@all +@read +@write +@connection -@dangerous`,
  });
  const users = new aws.elasticache.UserGroup("CacheUsers", {
    engine: "valkey",
    userGroupId: physicalName("Cache"),
    userIds: [user.userId],
  });
  return { user, users };
}

function createGroup(network: Network, cluster: Cluster): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup("CacheGroup", {
    name: physicalName("Cache"),
    description: "The cache",
    vpcId: network.vpcId,
    tags: { Name: physicalName("Cache") },
  });
  const description = "The reconciler to the cache";
  new aws.vpc.SecurityGroupEgressRule("NodesToCache", {
    ...{ ...ports, description },
    securityGroupId: cluster.nodesSecurityGroupId,
    referencedSecurityGroupId: group.id,
  });
  new aws.vpc.SecurityGroupIngressRule("CacheFromNodes", {
    ...{ ...ports, description },
    securityGroupId: group.id,
    referencedSecurityGroupId: cluster.nodesSecurityGroupId,
  });
  return group;
}
