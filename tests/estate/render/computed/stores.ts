import { hexOf, lettersOf, type Made, named, type Rules, text } from "./forms.ts";

/** Aurora, its proxy, and ElastiCache. */
export const stores: Rules = {
  "aws:elasticache/serverlessCache:ServerlessCache": (made) => {
    const { id, arn } = named(made, "elasticache", "serverlesscache:");
    const host = `${id}-${hexOf(made.name, 6)}.serverless.euw1.cache.amazonaws.com`;
    return { id, arn, endpoints: [{ address: host, port: 6379 }] };
  },
  "aws:elasticache/user:User": (made) => named(made, "elasticache", "user:", "userId"),
  "aws:elasticache/userGroup:UserGroup": (made) => named(made, "elasticache", "usergroup:", "userGroupId"),
  "aws:rds/cluster:Cluster": (made) => {
    const { id, arn } = named(made, "rds", "cluster:", "clusterIdentifier");
    const host = (kind: string): string => `${id}.cluster-${kind}${hostOf(made)}`;
    return {
      ...{ id, arn, endpoint: host(""), readerEndpoint: host("ro-") },
      clusterResourceId: `cluster-${lettersOf(made.name, 26).toUpperCase()}`,
      ...(made.inputs["manageMasterUserPassword"] === true && {
        masterUserSecrets: [
          {
            secretArn: `arn:aws:secretsmanager:${made.region}:${made.account}:secret:rds!cluster-${hexOf(made.name, 32)}`,
            secretStatus: "active",
          },
        ],
      }),
    };
  },
  "aws:rds/clusterInstance:ClusterInstance": (made) => named(made, "rds", "db:", "identifier"),
  "aws:rds/clusterParameterGroup:ClusterParameterGroup": (made) => named(made, "rds", "cluster-pg:"),
  "aws:rds/globalCluster:GlobalCluster": ({ inputs, account }) => {
    const id = text(inputs["globalClusterIdentifier"]);
    return { id, arn: `arn:aws:rds::${account}:global-cluster:${id}` };
  },
  "aws:rds/proxy:Proxy": (made) => {
    const id = text(made.inputs["name"]);
    return {
      id,
      // The only one of its kind that does not say its resource's name.
      arn: `arn:aws:rds:${made.region}:${made.account}:db-proxy:prx-${hexOf(made.name, 17)}`,
      endpoint: `${id}.proxy-${hostOf(made)}`,
    };
  },
  "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": ({ inputs }) => ({
    id: text(inputs["dbProxyName"]),
    name: "default",
  }),
  "aws:rds/proxyTarget:ProxyTarget": ({ inputs }) => {
    const cluster = text(inputs["dbClusterIdentifier"]);
    return {
      id: `${text(inputs["dbProxyName"])}/default/TRACKED_CLUSTER/${cluster}`,
      rdsResourceId: cluster,
    };
  },
  "aws:rds/subnetGroup:SubnetGroup": (made) => named(made, "rds", "subgrp:"),
};

/** RDS gives an account twelve letters in a region, which all its hosts have. */
const hostOf = ({ region, account }: Made): string =>
  `${lettersOf(`${account} ${region}`, 12)}.${region}.rds.amazonaws.com`;
