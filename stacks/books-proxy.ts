import type { booksOwner } from "./books-global.ts";
import type { Cluster } from "./cluster.ts";
import { physicalName } from "./naming.ts";
import type { Network } from "./network.ts";
import { createLogGroup } from "./network-logs.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";
import type { Keys } from "./security.ts";
import type { StageSettings } from "./settings.ts";
import type { SharedKey } from "./shared-keys.ts";

/** What the proxy is wired to. */
interface Surroundings {
  readonly settings: StageSettings;
  readonly network: Network;
  readonly cluster: Cluster;
  readonly keys: Keys;
}

/** Users of the database that sign in to it by IAM. Each is made by the migrations, and granted `rds_iam`. */
const booksUsers = ["auditor", "finance", "reconciler"] as const;
/** Who may come through the proxy. The owner too: it runs the migrations. */
export type BooksUser = (typeof booksUsers)[number] | typeof booksOwner;

/** The books as the proxy finds them. */
interface Behind {
  readonly cluster: aws.rds.Cluster;
  readonly group: aws.ec2.SecurityGroup;
  readonly instances: readonly aws.rds.ClusterInstance[];
  /** Where the owner's name and password are, and under which key. */
  readonly owner: { readonly secretArn: $util.Output<string>; readonly key: SharedKey };
}

/** The proxy, and what has to be there before it leads anywhere. */
export interface BooksProxy {
  readonly proxy: aws.rds.Proxy;
  /** Whom it lets in. */
  readonly group: aws.ec2.SecurityGroup;
  readonly ready: $util.Resource;
}

const postgres = { ipProtocol: "tcp", fromPort: 5432, toPort: 5432 };
/** Of what the database takes, so many in a hundred are the proxy's: the rest is left to whoever repairs it. */
const connectionShare = 90;
/** A pod that gets no connection for so many seconds gives its work back. */
const borrowSecondsMax = 30;

/**
 * Pods come and go by the length of a queue, and their connections with them: the proxy keeps a few for all, and holds
 * them while another instance takes over. IAM opens both doors, the proxy's and the database's: no password is kept. The
 * owner has one, which RDS wants: it signs in to the proxy by IAM as all others do, and the proxy alone reads the password.
 */
export function createBooksProxy(
  { settings, network, cluster, keys }: Surroundings,
  behind: Behind,
): BooksProxy {
  const name = physicalName("Books");
  const logs = createLogGroup("BooksProxyLogs", `/aws/rds/proxy/${name}`, settings, keys);
  const group = createGroup(network, cluster, behind.group);
  const proxy = new aws.rds.Proxy(
    "BooksProxy",
    {
      name,
      engineFamily: "POSTGRESQL",
      requireTls: true,
      defaultAuthScheme: "IAM_AUTH",
      auths: [
        {
          authScheme: "SECRETS",
          iamAuth: "REQUIRED",
          secretArn: behind.owner.secretArn,
          description: "The owner, for migrations",
        },
      ],
      roleArn: createRole(behind, settings).arn,
      vpcSubnetIds: [...network.privateSubnetIds],
      vpcSecurityGroupIds: [group.id],
      // It would write out statements, and what is in them.
      debugLogging: false,
    },
    { dependsOn: [logs] },
  );
  const pool = new aws.rds.ProxyDefaultTargetGroup("BooksProxyPool", {
    dbProxyName: proxy.name,
    connectionPoolConfig: {
      maxConnectionsPercent: connectionShare,
      connectionBorrowTimeout: borrowSecondsMax,
    },
  });
  const ready = new aws.rds.ProxyTarget(
    "BooksProxyTarget",
    { dbProxyName: proxy.name, targetGroupName: pool.name, dbClusterIdentifier: behind.cluster.id },
    // A cluster without an instance is no target.
    { dependsOn: [...behind.instances] },
  );
  return { proxy, group, ready };
}

function createRole({ cluster: books, owner }: Behind, settings: StageSettings): aws.iam.Role {
  const { accountId } = aws.getCallerIdentityOutput();
  const statements = [
    {
      actions: ["rds-db:connect"],
      resources: booksUsers.map(
        (user) =>
          $interpolate`arn:aws:rds-db:${settings.region}:${accountId}:dbuser:${books.clusterResourceId}/${user}`,
      ),
    },
    { actions: ["secretsmanager:GetSecretValue"], resources: [owner.secretArn] },
    {
      actions: ["kms:Decrypt"],
      resources: [owner.key.arn],
      conditions: [
        {
          test: "StringEquals",
          variable: "kms:ViaService",
          values: [`secretsmanager.${settings.region}.amazonaws.com`],
        },
      ],
    },
  ];
  return new aws.iam.Role("BooksProxyRole", {
    name: physicalName("BooksProxy"),
    description: "Lets the proxy into the books",
    assumeRolePolicy: trustOnly("rds.amazonaws.com", { StringEquals: { "aws:SourceAccount": accountId } }),
    inlinePolicies: [inlinePolicy(statements)],
  });
}

/** Pods reach the proxy, the proxy reaches the database. Nobody else reaches either, but people from their desk. */
function createGroup(
  network: Network,
  cluster: Cluster,
  booksGroup: aws.ec2.SecurityGroup,
): aws.ec2.SecurityGroup {
  const group = new aws.ec2.SecurityGroup("BooksProxyGroup", {
    name: physicalName("BooksProxy"),
    description: "The proxy of the books",
    vpcId: network.vpcId,
    tags: { Name: physicalName("BooksProxy") },
  });
  connect("NodesToBooks", cluster.nodesSecurityGroupId, group.id, "The reconciler to the proxy of the books");
  connect("ProxyToBooks", group.id, booksGroup.id, "The proxy to the books");
  return group;
}

function connect(
  logical: string,
  from: $util.Output<string>,
  to: $util.Output<string>,
  description: string,
): void {
  new aws.vpc.SecurityGroupEgressRule(logical, {
    ...postgres,
    securityGroupId: from,
    referencedSecurityGroupId: to,
    description,
  });
  new aws.vpc.SecurityGroupIngressRule(`${logical}Inwards`, {
    ...postgres,
    securityGroupId: to,
    referencedSecurityGroupId: from,
    description,
  });
}
