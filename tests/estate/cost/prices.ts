/** What AWS asks for one unit, before tax, without the allowances that are free each month and without any contract. */
interface Price {
  readonly usd: number;
  /** What one unit is: prices by the hour are counted with `hoursPerMonth`. */
  readonly per: string;
  /** Where it holds: the region whose price list it was read from, or `every region`. */
  readonly region: string;
  /** Where AWS publishes it. A URL with a version in it is that very price list. */
  readonly source: string;
  /** Day of the price list or page that it was read from: ISO 8601. `undated` when the copy does not say. */
  readonly asOf: string;
  /** Why it may differ from the price in the home region, or from today's. */
  readonly caveat?: string;
}

/** AWS's own estimates count months like this. */
export const hoursPerMonth = 730;

/** When all of these were looked up, from stored copies of the sources. */
export const lookedUp = "2026-11-26";

const list = (service: string, version: string, region: string): string =>
  `https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/${service}/${version}/${region}/index.json`;

/** For a price whose list in the home region was in no stored copy. */
const elsewhere = (place: string, isCheaper = false): string =>
  `${place}'s price${isCheaper ? ", which is lower" : ""}: Ireland's was not found`;

const secondHand = "as others quote AWS's page: the page's own table was not in the copy";

export const prices = {
  key: {
    usd: 1,
    per: "KMS key version and month",
    region: "eu-west-2",
    source: list("awskms", "current", "eu-west-2"),
    asOf: "2026-09-11",
    caveat: `${elsewhere("London")}; each of a key's first two rotations adds one version`,
  },
  natGateway: {
    usd: 0.048,
    per: "NAT gateway and hour",
    region: "eu-west-1",
    source: list("AmazonEC2", "20260925174521", "eu-west-1"),
    asOf: "2026-09-25",
  },
  publicAddress: {
    usd: 0.005,
    per: "public IPv4 address and hour",
    region: "eu-west-1",
    source: list("AmazonVPC", "20260917190528", "eu-west-1"),
    asOf: "2026-09-17",
  },
  interfaceEndpoint: {
    usd: 0.011,
    per: "interface endpoint, zone and hour",
    region: "eu-west-2",
    source: list("AmazonVPC", "current", "eu-west-2"),
    asOf: "2026-09-17",
    caveat: `${elsewhere("London")}; a bill of July 2026 for Ireland comes to the same ($42.24 for 3,840 hours)`,
  },
  cluster: {
    usd: 0.1,
    per: "EKS cluster and hour, on a version in standard support",
    region: "every region",
    source: "https://aws.amazon.com/eks/pricing/",
    asOf: "2026-06-13",
    caveat: `${secondHand}; a bill of July 2026 for Ireland comes to the same ($148.80 for 1,488 hours)`,
  },
  node: {
    usd: 0.068,
    per: "node (c6g.large) and hour",
    region: "us-east-1",
    source: "https://aws.amazon.com/ec2/pricing/on-demand/",
    asOf: "undated",
    caveat: `${elsewhere("Virginia", true)}; ${secondHand}`,
  },
  nodeManaged: {
    usd: 0.00816,
    per: "node (c6g.large) managed by EKS Auto Mode and hour",
    region: "us-east-1",
    source: "https://aws.amazon.com/eks/pricing/",
    asOf: "2026-06-13",
    caveat: `twelve hundredths of the instance's price; ${elsewhere("Virginia", true)}; ${secondHand}`,
  },
  nodeDisk: {
    usd: 0.088,
    per: "GB of a node's disk (EBS gp3) and month",
    region: "eu-west-1",
    source: "https://aws.amazon.com/ebs/pricing/",
    asOf: "undated",
    caveat: "from another project's example of its list",
  },
  booksCapacity: {
    usd: 0.14,
    per: "Aurora capacity unit (PostgreSQL, Serverless v2) and hour",
    region: "eu-west-1",
    source: list("AmazonRDS", "current", "eu-west-1"),
    asOf: "2026-10-06",
    caveat: "the date is that of London's list, which has the same price",
  },
  booksProxy: {
    usd: 0.018,
    per: "Aurora capacity unit behind RDS Proxy and hour, eight units at least",
    region: "eu-west-2",
    source: list("AmazonRDS", "current", "eu-west-2"),
    asOf: "2026-10-06",
    caveat: elsewhere("London"),
  },
  cacheData: {
    usd: 0.084,
    per: "GB (ElastiCache Serverless, Valkey) and hour, 0.1 GB at least",
    region: "us-east-1",
    source: "https://aws.amazon.com/elasticache/pricing/",
    asOf: "2026-07-29",
    caveat: elsewhere("Virginia", true),
  },
  streamHour: {
    usd: 0.04,
    per: "Kinesis stream on demand and hour",
    region: "us-west-2",
    source: "https://aws.amazon.com/kinesis/data-streams/pricing/",
    asOf: "2026-09-18",
    caveat: `${elsewhere("Oregon", true)}; from a bill of September 2026 ($17.28 for 432 hours)`,
  },
  secret: {
    usd: 0.4,
    per: "secret in Secrets Manager and month",
    region: "eu-west-1",
    source: list("AWSSecretsManager", "20260911124610", "eu-west-1"),
    asOf: "2026-09-11",
  },
  alarm: {
    usd: 0.1,
    per: "metric that an alarm looks at and month",
    region: "eu-west-1",
    source: list("AmazonCloudWatch", "20260922021715", "eu-west-1"),
    asOf: "2026-09-22",
  },
  compositeAlarm: {
    usd: 0.5,
    per: "composite alarm and month",
    region: "us-east-2",
    source: list("AmazonCloudWatch", "current", "us-east-2"),
    asOf: "undated",
    caveat: `${elsewhere("Ohio")}; Seoul's has the same price`,
  },
  dashboard: {
    usd: 3,
    per: "CloudWatch dashboard and month",
    region: "every region",
    source: "https://aws.amazon.com/cloudwatch/pricing/",
    asOf: "undated",
    caveat: secondHand,
  },
  canaryRun: {
    usd: 0.0012,
    per: "run of a canary",
    region: "us-east-2",
    source: list("AmazonCloudWatch", "current", "us-east-2"),
    asOf: "undated",
    caveat: elsewhere("Ohio"),
  },
  firewall: {
    usd: 5,
    per: "WAF web ACL and month",
    region: "every region",
    source: "https://aws.amazon.com/waf/pricing/",
    asOf: "undated",
    caveat: secondHand,
  },
  firewallRule: {
    usd: 1,
    per: "WAF rule, or managed group of rules, and month",
    region: "every region",
    source: "https://aws.amazon.com/waf/pricing/",
    asOf: "undated",
    caveat: secondHand,
  },
  zone: {
    usd: 0.5,
    per: "Route 53 hosted zone and month",
    region: "every region",
    source: list("AmazonRoute53", "current", "aws-global"),
    asOf: "2026-09-11",
  },
  healthCheck: {
    usd: 0.75,
    per: "Route 53 health check and month",
    region: "every region",
    source: list("AmazonRoute53", "current", "aws-global"),
    asOf: "2026-09-11",
    caveat:
      "the price for what is not AWS's: what is costs $0.50. What HTTPS adds was not found, and is not counted",
  },
  watchedBucket: {
    usd: 0.1,
    per: "bucket and month, watched by Macie",
    region: "us-east-1",
    source: "https://aws.amazon.com/macie/pricing/",
    asOf: "2026-10-07",
    caveat: elsewhere("Virginia"),
  },
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof prices;

export const priceOf = (name: PriceName): Price => prices[name];
