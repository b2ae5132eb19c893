import type { PlanResource } from "#local/plan/plan.ts";
import type { PlanView } from "../plan-view.ts";
import { hoursPerMonth, type PriceName } from "./prices.ts";

/** Units of one price that a resource takes in a month in which nobody uses the estate. */
export interface Charge {
  readonly price: PriceName;
  readonly units: number;
}

/** How a type of resource is paid for, asked or not. */
interface Bill {
  /** Row of the table of the estate that it belongs to. */
  readonly concern: string;
  readonly charges: (resource: PlanResource, plan: PlanView) => readonly Charge[];
}

/** A type whose price depends on nothing but that it is there. */
const always = (concern: string, ...charges: readonly Charge[]): Bill => ({
  concern,
  charges: () => charges,
});

const hourly = (price: PriceName, count = 1): Charge => ({ price, units: count * hoursPerMonth });
const monthly = (price: PriceName, count = 1): Charge => ({ price, units: count });

/** What a bill reads of a resource. */
const read = <T>({ inputs }: PlanResource): T => inputs as T;

/** A proxy is paid for as if its databases had this much, also when they have less. */
const proxyCapacityMin = 8;
/** GB: a serverless cache of Valkey is paid for as if it held this much. */
const cacheGigabytesMin = 0.1;
/** GB: what EKS Auto Mode gives to a node, 4 for its system and 80 for what pods bring. */
const nodeDiskGigabytes = 84;

/** Types that cost something while nobody uses them. What is idle is paid for at its minimum. */
export const bills: Readonly<Record<string, Bill>> = {
  "aws:wafv2/webAcl:WebAcl": {
    concern: "edge",
    charges: (resource) => [
      monthly("firewall"),
      monthly("firewallRule", read<{ rules?: readonly unknown[] }>(resource).rules?.length ?? 0),
    ],
  },
  "aws:route53/zone:Zone": always("edge", monthly("zone")),
  "aws:route53/healthCheck:HealthCheck": always("edge", monthly("healthCheck")),
  "aws:ec2/natGateway:NatGateway": always("network", hourly("natGateway")),
  "aws:ec2/eip:Eip": always("network", hourly("publicAddress")),
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    concern: "network",
    charges: (resource) => {
      const { vpcEndpointType, subnetIds = [] } = read<{
        vpcEndpointType?: string;
        subnetIds?: readonly string[];
      }>(resource);
      return vpcEndpointType === "Interface" ? [hourly("interfaceEndpoint", subnetIds.length)] : [];
    },
  },
  "aws:eks/cluster:Cluster": always("cluster", hourly("cluster")),
  // One node of the smallest kind that the pool takes: it has room for KEDA's six pods and the log agent.
  "kubernetes:karpenter.sh/v1:NodePool": always(
    "cluster",
    hourly("node"),
    hourly("nodeManaged"),
    monthly("nodeDisk", nodeDiskGigabytes),
  ),
  "aws:rds/cluster:Cluster": {
    concern: "books",
    charges: (resource) =>
      read<{ manageMasterUserPassword?: boolean }>(resource).manageMasterUserPassword
        ? [monthly("secret")]
        : [],
  },
  "aws:rds/clusterInstance:ClusterInstance": {
    concern: "books",
    charges: (resource, plan) => [hourly("booksCapacity", capacityOf(resource, plan))],
  },
  "aws:rds/proxy:Proxy": {
    concern: "books",
    charges: (_, plan) => {
      const capacity = plan
        .ofType("aws:rds/clusterInstance:ClusterInstance")
        .reduce((sum, instance) => sum + capacityOf(instance, plan), 0);
      return [hourly("booksProxy", Math.max(proxyCapacityMin, capacity))];
    },
  },
  "aws:elasticache/serverlessCache:ServerlessCache": always("cache", hourly("cacheData", cacheGigabytesMin)),
  "aws:kinesis/stream:Stream": always("events", hourly("streamHour")),
  "aws:redshiftserverless/namespace:Namespace": {
    concern: "analytics",
    charges: (resource) =>
      read<{ manageAdminPassword?: boolean }>(resource).manageAdminPassword ? [monthly("secret")] : [],
  },
  "aws:secretsmanager/secret:Secret": {
    concern: "security",
    // A copy in another region is paid for as a secret of its own.
    charges: (resource) => [
      monthly("secret", 1 + (read<{ replicas?: readonly unknown[] }>(resource).replicas?.length ?? 0)),
    ],
  },
  "aws:kms/key:Key": always("security", monthly("key")),
  "aws:kms/replicaKey:ReplicaKey": always("security", monthly("key")),
  "aws:s3/bucket:Bucket": always("security", monthly("watchedBucket")),
  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    concern: "operations",
    charges: (resource) => {
      const { metricQueries } = read<{ metricQueries?: readonly { readonly metric?: unknown }[] }>(resource);
      const metrics = metricQueries?.filter(({ metric }) => metric !== undefined).length ?? 1;
      return [monthly("alarm", metrics)];
    },
  },
  "aws:cloudwatch/compositeAlarm:CompositeAlarm": always("operations", monthly("compositeAlarm")),
  "aws:cloudwatch/dashboard:Dashboard": always("operations", monthly("dashboard")),
  "aws:synthetics/canary:Canary": {
    concern: "operations",
    charges: (resource) => {
      const { schedule } = read<{ schedule: { readonly expression: string } }>(resource);
      return [monthly("canaryRun", runsPerMonth(schedule.expression))];
    },
  },
};

/** Capacity units that a database never goes below. */
function capacityOf(instance: PlanResource, plan: PlanView): number {
  const { clusterIdentifier } = read<{ clusterIdentifier: string }>(instance);
  const cluster = plan
    .ofType<{
      readonly clusterIdentifier: string;
      readonly serverlessv2ScalingConfiguration?: { readonly minCapacity: number };
    }>("aws:rds/cluster:Cluster")
    .find(({ inputs }) => inputs.clusterIdentifier === clusterIdentifier);
  const capacity = cluster?.inputs.serverlessv2ScalingConfiguration?.minCapacity;
  if (capacity === undefined)
    throw new Error(
      `${instance.name}: its cluster has no minimum to be paid for (tests/estate/cost/bills.ts)`,
    );
  return capacity;
}

const minutesByUnit: Readonly<Record<string, number>> = { minute: 1, hour: 60, day: 1_440 };

/** @param expression `rate(5 minutes)`, as CloudWatch writes it. */
function runsPerMonth(expression: string): number {
  const [, count, unit = ""] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expression) ?? [];
  const minutes = Number(count) * (minutesByUnit[unit] ?? Number.NaN);
  if (!(minutes > 0)) throw new Error(`${expression}: how often is that? (tests/estate/cost/bills.ts)`);
  return (hoursPerMonth * 60) / minutes;
}
