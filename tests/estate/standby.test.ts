import { describe, expect, it } from "vitest";
import { committed, type FunctionInputs, production as home, type RoleInputs } from "./committed-plan.ts";
import type { PlanView, Resource } from "./plan-view.ts";
import { arnsIn, knownArns } from "./wiring/names.ts";

/** Two regions that are one production: what must hold of both plans together (ADR 45). */
const standby = committed("production-standby");
const both = [home, standby];

const variablesOf = (
  plan: PlanView,
): readonly (readonly [string | undefined, Readonly<Record<string, string>>])[] =>
  plan
    .ofType<FunctionInputs>("aws:lambda/function:Function")
    .map(({ parent, inputs }) => [parent, inputs.environment.variables] as const);

/** What a variable says in all functions of a plan that have it. */
const said = (plan: PlanView, variable: string): readonly string[] => [
  ...new Set(variablesOf(plan).flatMap(([, { [variable]: value }]) => value ?? [])),
];

const arnOf = ({ outputs }: Resource<unknown>): string => String(outputs?.["arn"]);

/** A warehouse is put up where it is known which region stays, and with it what fills it. */
const functionsOf = (plan: PlanView): string[] =>
  plan
    .ofType("aws:lambda/function:Function")
    .map(({ name }) => name)
    .filter((name) => name !== "LoadWarehouseFunction");

describe("the two regions of production", () => {
  it("are one account's, and have the same functions and sagas", () => {
    expect([home.region, standby.region]).toEqual(["eu-west-1", "eu-central-1"]);
    expect(standby.account).toBe(home.account);
    expect(functionsOf(standby)).toEqual(functionsOf(home));
    const [here, there] = both.map((plan) =>
      plan.ofType("aws:sfn/stateMachine:StateMachine").map(({ name }) => name),
    );
    expect(there).toEqual(here);
  });

  it("write in epochs of their own, and the passive one in the later", () => {
    const [active, passive] = both.map((plan) => said(plan, "EPOCH").map(Number));
    expect(active).toHaveLength(1);
    expect(passive).toHaveLength(1);
    expect(Number(passive)).toBe(Number(active) + 1);
  });

  it("name nothing in the other region that is not there", () => {
    const known = new Set(both.flatMap((plan) => [...knownArns(plan)]));
    const pattern = /^arn:aws:(dynamodb|kms|sns|s3|ssm|sqs|lambda|states|rds):(eu-[a-z]+-1)?:/;
    for (const plan of both) {
      const other = plan === home ? standby.region : home.region;
      const named = plan.resources
        .flatMap(({ inputs }) => arnsIn(inputs))
        .filter((arn) => pattern.test(arn) && arn.includes(`:${other}:`) && !arn.includes("*"));
      expect(named.filter((arn) => !known.has(arn))).toEqual([]);
    }
  });

  it("do not make twice what the account, or the world, has once", () => {
    const once: Readonly<Record<string, string>> = {
      "aws:iam/role:Role": "name",
      "aws:iam/policy:Policy": "name",
      "aws:s3/bucket:Bucket": "bucket",
      "aws:cloudfront/distribution:Distribution": "comment",
      "aws:cloudfront/function:Function": "name",
      "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": "name",
      "aws:cognito/userPoolDomain:UserPoolDomain": "domain",
      "aws:route53/zone:Zone": "name",
      "aws:wafv2/webAcl:WebAcl": "name",
    };
    for (const [type, input] of Object.entries(once)) {
      const names = both.flatMap((plan) =>
        plan.ofType<Record<string, unknown>>(type).map(({ inputs }) => inputs[input]),
      );
      expect(new Set(names).size, type).toBe(names.length);
    }
    expect(standby.ofType("aws:cloudfront/distribution:Distribution")).toEqual([]);
    expect(standby.ofType("aws:route53/zone:Zone")).toEqual([]);
  });

  it("do not meet in a region either: the standby makes nothing outside its own", () => {
    const elsewhere = standby.resources.filter(
      ({ inputs }) => (inputs["region"] ?? standby.region) !== standby.region,
    );
    expect(elsewhere.map(({ name }) => name)).toEqual([]);
    const namesIn = (resources: PlanView["resources"]): readonly string[] =>
      resources.flatMap(({ type, inputs }) =>
        ["name", "bucket"].flatMap((key) =>
          inputs[key] === undefined ? [] : [`${type} ${String(inputs[key])}`],
        ),
      );
    const homes = namesIn(home.resources.filter(({ inputs }) => inputs["region"] === standby.region));
    expect(namesIn(standby.resources).filter((each) => homes.includes(each))).toEqual([]);
  });
});

describe("the passive region", () => {
  const sources = (plan: PlanView) =>
    plan.ofType<{ readonly enabled?: boolean }>("aws:lambda/eventSourceMapping:EventSourceMapping");
  const schedules = (plan: PlanView) =>
    plan
      .ofType<{ readonly state?: string; readonly scheduleExpression?: string }>(
        "aws:cloudwatch/eventRule:EventRule",
      )
      .filter(({ inputs }) => inputs.scheduleExpression !== undefined);

  it("does nothing by itself: its sources and schedules are off, and the active region's are on", () => {
    expect(sources(standby).length).toBeGreaterThan(0);
    expect(schedules(standby).length).toBeGreaterThan(0);
    for (const { inputs } of sources(standby)) expect(inputs.enabled).toBe(false);
    for (const { inputs } of schedules(standby)) expect(inputs.state).toBe("DISABLED");
    for (const { inputs } of sources(home)) expect(inputs.enabled).toBe(true);
    for (const { inputs } of schedules(home)) expect(inputs.state).toBe("ENABLED");
  });

  it("is made so by a deployment too: after a failover, that of the region that was left turns its sources off", () => {
    for (const plan of both)
      for (const { name, options } of [...sources(plan), ...schedules(plan)])
        expect(options?.["ignoreChanges"], name).toBeUndefined();
  });

  it("takes the tokens of its own clients and of its home's", () => {
    expect(said(standby, "TOKEN_ISSUER")).toEqual([
      expect.stringMatching(/^https:\/\/cognito-idp\.eu-central-1\.amazonaws\.com\/eu-central-1_\w+,/),
    ]);
    expect(said(standby, "TOKEN_ISSUER")[0]?.split(",")[1]).toBe(said(home, "TOKEN_ISSUER")[0]);
    expect(home.resource("TokenIssuerTold").inputs).toMatchObject({
      region: standby.region,
      name: "/tallystick/production/token-issuer",
      value: said(home, "TOKEN_ISSUER")[0],
    });
  });

  it("is not visited by a canary: both are behind one name", () => {
    expect(both.map((plan) => plan.resource("Canary").inputs)).toMatchObject([
      { startCanary: true },
      { startCanary: false },
    ]);
  });

  it("sends its customers to the same public address", () => {
    expect(said(home, "PUBLIC_URL")).toEqual(["https://api.tallystick.example"]);
    expect(said(standby, "PUBLIC_URL")).toEqual(said(home, "PUBLIC_URL"));
  });
});

describe("a failover to either region", () => {
  it.each([
    { to: standby, from: home },
    { to: home, from: standby },
  ])(
    "of $to.stage denies all roles of functions that move money in the other, by a policy that is there",
    ({ to, from }) => {
      expect(said(to, "FENCE_POLICY_ARN")).toEqual([arnOf(from.resource("Fenced"))]);
      const roles = JSON.parse(said(to, "FENCED_ROLES")[0] ?? "[]") as readonly string[];
      const there = from.ofType<RoleInputs>("aws:iam/role:Role").map(({ inputs }) => inputs.name);
      expect(roles.filter((role) => !there.includes(role))).toEqual([]);
      // The home's pods settle payments, too.
      expect(roles).toHaveLength(functionsOf(from).length + (from === home ? 1 : 0));
    },
  );

  it("turns on what is off: each consumer and each schedule", () => {
    const consumers = JSON.parse(said(standby, "STANDBY_CONSUMERS")[0] ?? "[]") as readonly string[];
    const schedules = JSON.parse(said(standby, "STANDBY_SCHEDULES")[0] ?? "[]") as readonly string[];
    const off = standby.resources.filter(
      ({ inputs }) => inputs["enabled"] === false || inputs["state"] === "DISABLED",
    );
    const named = off.map(({ inputs }) => inputs["functionName"] ?? inputs["name"]);
    expect([...consumers, ...schedules].toSorted()).toEqual(named.toSorted());
  });

  it("is heard by DNS: what it counts is what the switch looks at", () => {
    const { metricTransformation } = standby.resource<{
      readonly metricTransformation: { readonly name: string; readonly namespace: string };
    }>("OpenRegionRegionOpened").inputs;
    const alarm = home.resource<{ readonly metricName: string; readonly namespace: string }>(
      "RegionOpened2Switch",
    );
    expect(alarm.inputs).toMatchObject({
      metricName: metricTransformation.name,
      namespace: metricTransformation.namespace,
    });
  });
});

describe("what both regions read and write", () => {
  interface TableInputs {
    readonly name: string;
    readonly streamEnabled: boolean;
    readonly streamViewType: string;
    readonly replicas: readonly {
      readonly regionName: string;
      readonly pointInTimeRecovery: boolean;
      readonly deletionProtectionEnabled: boolean;
      readonly kmsKeyArn?: string;
    }[];
  }
  const tables = home.ofType<TableInputs>("aws:dynamodb/table:Table");

  it.each(tables)("$name has a replica in the other region, as well guarded", ({ inputs }) => {
    expect(inputs).toMatchObject({ streamEnabled: true, streamViewType: "NEW_AND_OLD_IMAGES" });
    expect(inputs.replicas).toMatchObject([
      { regionName: standby.region, pointInTimeRecovery: true, deletionProtectionEnabled: true },
    ]);
  });

  it("is made once: the standby has no tables of its own, and its functions use the home's by name", () => {
    expect(standby.ofType("aws:dynamodb/table:Table")).toEqual([]);
    const names = tables.map(({ inputs }) => inputs.name);
    const used = variablesOf(standby).flatMap(([, variables]) =>
      Object.entries(variables).flatMap(([name, value]) => (name.endsWith("_TABLE") ? [value] : [])),
    );
    expect(new Set(used)).toEqual(new Set(names));
  });

  it("is encrypted in each region under the key of that region", () => {
    const vault = home.resource<TableInputs>("VaultTable").inputs;
    expect(vault.replicas[0]?.kmsKeyArn).toBe(arnOf(home.resource("VaultTableKeyReplica")));
    expect(vault.replicas[0]?.kmsKeyArn).toContain(`:${standby.region}:`);
  });

  it.each(["VAULT_KEY_ARN", "FINGERPRINT_KEY_ARN", "RETURNS_KEY_ARN"])(
    "%s is one multi-region key, and each region calls its own replica",
    (variable) => {
      const [here, there] = both.map((plan) => said(plan, variable));
      expect(here).toEqual([expect.stringMatching(/^arn:aws:kms:eu-west-1:\d{12}:key\/mrk-[0-9a-f]{32}$/)]);
      expect(there).toEqual([String(here).replace(`:${home.region}:`, `:${standby.region}:`)]);
      const replicas = home.ofType("aws:kms/replicaKey:ReplicaKey").map(arnOf);
      expect(replicas).toContain(String(there));
    },
  );
});

describe("the name by which the edge finds the gateway", () => {
  interface RecordInputs {
    readonly name: string;
    readonly zoneId: string;
    readonly setIdentifier: string;
    readonly healthCheckId?: string;
    readonly failoverRoutingPolicies: readonly { readonly type: string }[];
    readonly aliases: readonly { readonly name: string; readonly evaluateTargetHealth: boolean }[];
  }
  const records = both.map((plan) => plan.resource<RecordInputs>("OriginRecord").inputs);
  const switchOf = (plan: PlanView) =>
    plan.resource<Readonly<Record<string, unknown>>>("RegionOpened2").inputs;

  it("leads to a gateway in each region, of which the home's is the first", () => {
    const [first, second] = records;
    expect(second).toMatchObject({ name: first?.name, zoneId: first?.zoneId });
    expect(records.map(({ failoverRoutingPolicies }) => failoverRoutingPolicies[0]?.type)).toEqual([
      "PRIMARY",
      "SECONDARY",
    ]);
    expect(records.map(({ setIdentifier }) => setIdentifier)).toEqual([home.region, standby.region]);
    for (const [index, plan] of both.entries())
      expect(records[index]?.aliases).toMatchObject([
        { name: expect.stringContaining(`.${plan.region}.`), evaluateTargetHealth: false },
      ]);
    const distribution = home.resource<{ readonly origins: readonly { readonly domainName: string }[] }>(
      "Edge",
    );
    expect(distribution.inputs.origins.map(({ domainName }) => domainName)).toEqual([first?.name]);
  });

  it("follows what a failover says of the passive region, and no gateway's health", () => {
    const check = switchOf(home);
    expect(records.map(({ healthCheckId }) => healthCheckId)).toEqual([
      home.resource("RegionOpened2").outputs?.["id"],
      undefined,
    ]);
    const alarm = home.resource<Readonly<Record<string, unknown>>>("RegionOpened2Switch").inputs;
    expect(check).toMatchObject({
      type: "CLOUDWATCH_METRIC",
      cloudwatchAlarmName: alarm["name"],
      cloudwatchAlarmRegion: standby.region,
      insufficientDataHealthStatus: "LastKnownStatus",
      invertHealthcheck: false,
    });
    expect(alarm).toMatchObject({
      // The region that is left may be the one that does not answer.
      region: standby.region,
      metricName: "RegionOpened",
      threshold: 1,
      treatMissingData: "ignore",
    });
  });

  it("is behind the same secret: the standby accepts what the edge sends, and what it will send next", () => {
    const [accepted] = said(standby, "ORIGIN_SECRETS");
    const [sent] = said(home, "ORIGIN_SECRETS").map((each) => each.split(",")[0]);
    const next = home.resource("OriginSecret3").outputs?.["value"];
    expect(accepted).toBe(`${sent},${String(next)}`);
    // It reads them where it is.
    for (const generation of [2, 3])
      expect(home.resource(`OriginSecret${generation}EuCentral1`).inputs).toMatchObject({
        region: standby.region,
        name: `/tallystick/production/origin-secret/${generation}`,
      });
  });
});
