import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import type { PlanResource } from "#local/plan/plan.ts";
import { production, projectRoot } from "./committed-plan.ts";
import { bills } from "./cost/bills.ts";
import { type Cost, costOf } from "./cost/costs.ts";
import { pageOf } from "./cost/page.ts";
import { type PriceName, priceOf, prices } from "./cost/prices.ts";
import { plansOfAllStages, stagesOnAws } from "./cost/stages.ts";
import { byUse, free } from "./cost/unpriced.ts";
import { PlanView } from "./plan-view.ts";

interface Example {
  readonly type: string;
  readonly inputs?: PlanResource["inputs"];
}

/** The cost of a stage that has these and nothing else. */
const costOfThese = (...examples: readonly Example[]): Cost =>
  costOf(
    new PlanView({
      ...{ format: 1, app: "tallystick", stage: "example", region: "eu-west-1", account: "123456789012" },
      ...{ sst: "", source_hash: "" },
      resources: examples.map(({ type, inputs = {} }, index) => ({
        ...{ urn: `urn:${index}`, name: `Example${index}`, type, inputs },
      })),
    }),
  );

const unitsOf = (cost: Cost, price: PriceName): number | undefined =>
  cost.lines.find((line) => line.price === price)?.units;

describe("the page docs/cost.md", () => {
  let costs: readonly Cost[];
  beforeAll(async () => {
    costs = (await plansOfAllStages()).map(costOf);
  }, 600_000);

  it("is what the plans of all stages come to", () => {
    const kept = readFileSync(join(projectRoot, "docs/cost.md"), "utf8");
    expect(kept === pageOf(costs), "docs/cost.md is stale: run `npm run estate:cost -- --write`.").toBe(true);
  });

  it("has production dearer than staging, and staging dearer than dev", () => {
    const [dev, staging, dearest] = costs;
    expect([dev?.stage, staging?.stage, dearest?.stage]).toEqual(["dev", "staging", "production"]);
    expect(dearest?.usd).toBeGreaterThan(staging?.usd ?? 0);
    expect(staging?.usd).toBeGreaterThan(dev?.usd ?? 0);
  });

  it("adds up: the lines of a stage come to its sum, each its units at its price", () => {
    for (const { lines, usd } of costs) {
      const sum = lines.reduce((all, { units, price }) => all + units * priceOf(price).usd, 0);
      expect(usd).toBeCloseTo(sum, 6);
    }
  });
});

it("the page has every stage that can be deployed", () => {
  const renderer = join(projectRoot, "tests/estate/render/cli.ts");
  const { stderr } = spawnSync(process.execPath, [renderer, "--stage", "none"], { encoding: "utf8" });
  const [, stages = ""] = /Stages: ([^(]+?) ?\(/.exec(stderr) ?? [];
  expect(["local", ...stagesOnAws]).toEqual(expect.arrayContaining(stages.split(/[,.]\s*/).filter(Boolean)));
  expect(stages).toContain("production");
});

describe("the cost of a stage", () => {
  it("is refused when a type has no price and nobody said that it has none", () => {
    expect(() => costOfThese({ type: "aws:mq/broker:Broker" })).toThrow(/aws:mq\/broker:Broker/);
  });

  it("counts an interface endpoint once per zone, and a gateway endpoint not at all", () => {
    const type = "aws:ec2/vpcEndpoint:VpcEndpoint";
    const subnetIds = ["subnet-a", "subnet-b", "subnet-c"];
    const cost = costOfThese(
      { type, inputs: { vpcEndpointType: "Interface", subnetIds } },
      { type, inputs: { vpcEndpointType: "Gateway" } },
    );
    expect(unitsOf(cost, "interfaceEndpoint")).toBe(3 * 730);
    expect(cost.lines).toHaveLength(1);
  });

  it("counts each database at the least that its cluster scales to, and the proxy at eight units", () => {
    const clusterIdentifier = "books";
    const cost = costOfThese(
      {
        type: "aws:rds/cluster:Cluster",
        inputs: { clusterIdentifier, serverlessv2ScalingConfiguration: { minCapacity: 1.5 } },
      },
      { type: "aws:rds/clusterInstance:ClusterInstance", inputs: { clusterIdentifier } },
      { type: "aws:rds/clusterInstance:ClusterInstance", inputs: { clusterIdentifier } },
      { type: "aws:rds/proxy:Proxy" },
    );
    expect(unitsOf(cost, "booksCapacity")).toBe(2 * 1.5 * 730);
    expect(unitsOf(cost, "booksProxy")).toBe(8 * 730);
  });

  it("counts a secret once, and once more for each region that it is copied to", () => {
    const type = "aws:secretsmanager/secret:Secret";
    const cost = costOfThese({ type }, { type, inputs: { replicas: [{ region: "eu-central-1" }] } });
    expect(unitsOf(cost, "secret")).toBe(3);
  });

  it("counts an alarm once per metric that it looks at", () => {
    const type = "aws:cloudwatch/metricAlarm:MetricAlarm";
    const metricQueries = [{ metric: {} }, { metric: {} }, { expression: "a / b" }];
    expect(unitsOf(costOfThese({ type }, { type, inputs: { metricQueries } }), "alarm")).toBe(3);
  });

  it("counts the runs of a canary, and refuses a schedule that it cannot read", () => {
    const canary = (expression: string): Example => ({
      type: "aws:synthetics/canary:Canary",
      inputs: { schedule: { expression } },
    });
    expect(unitsOf(costOfThese(canary("rate(5 minutes)")), "canaryRun")).toBe(8_760);
    expect(unitsOf(costOfThese(canary("rate(1 hour)")), "canaryRun")).toBe(730);
    expect(() => costOfThese(canary("cron(0 * * * ? *)"))).toThrow(/how often/);
  });

  it("counts every NAT gateway, every key and every rule of the firewall of production", () => {
    const cost = costOf(production);
    const count = (type: string): number => production.ofType(type).length;
    expect(unitsOf(cost, "natGateway")).toBe(count("aws:ec2/natGateway:NatGateway") * 730);
    expect(unitsOf(cost, "key")).toBe(count("aws:kms/key:Key") + count("aws:kms/replicaKey:ReplicaKey"));
    const { rules } = production.resource<{ rules: readonly unknown[] }>("EdgeFirewall").inputs;
    expect(unitsOf(cost, "firewallRule")).toBe(rules.length);
  });
});

describe("a type of resource", () => {
  it("that is free is named once, and costs nothing elsewhere", () => {
    expect(free.filter((type, index) => free.indexOf(type) !== index)).toEqual([]);
    expect(free.filter((type) => type in bills || type in byUse)).toEqual([]);
  });
});

describe("a price", () => {
  it.each(Object.keys(prices) as PriceName[])("of a %s has a source of AWS's, a day and a region", (name) => {
    const { usd, region, source, asOf, caveat } = priceOf(name);
    expect(usd).toBeGreaterThan(0);
    expect(source).toMatch(/^https:\/\/(aws\.amazon\.com|pricing\.us-east-1\.amazonaws\.com)\//);
    expect(asOf).toMatch(/^2026-\d\d-\d\d$|^undated$/);
    // A price from elsewhere says so.
    if (region !== "eu-west-1" && region !== "every region") expect(caveat).toMatch(/Ireland/);
    // So does one that nobody can date.
    if (asOf === "undated") expect(caveat).toBeDefined();
  });
});
