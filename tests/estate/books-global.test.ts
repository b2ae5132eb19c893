import { describe, expect, it } from "vitest";
import {
  committed,
  type FunctionInputs,
  production as home,
  resource as localResource,
  type RoleInputs,
  statementsOf,
} from "./committed-plan.ts";
import type { PlanView } from "./plan-view.ts";

/** One database of the books in two regions (ADR 50). */
const standby = committed("production-standby");
const both = [home, standby];

const arnIn = (plan: PlanView, name: string): string => String(plan.resource(name).outputs?.["arn"]);
const inputsIn = <T>(plan: PlanView, name: string): T => plan.resource<T>(name).inputs;
const variablesIn = (plan: PlanView, fn: string) =>
  inputsIn<FunctionInputs>(plan, `${fn}Function`).environment.variables;
/** What a function may do, beside its log and its traces. */
const grantsIn = (plan: PlanView, fn: string) =>
  statementsOf(plan.resource<RoleInputs>(`${fn}Role`))
    .filter(({ Action }) => !/^(logs|xray):/.test([Action].flat()[0] ?? ""))
    .map(({ Action, Resource, Condition }) => ({ Action, Resource, ...(Condition && { Condition }) }));

describe("the books of two regions", () => {
  it("are one database, which is encrypted and which nobody deletes in passing", () => {
    expect(home.ofType("aws:rds/globalCluster:GlobalCluster")).toHaveLength(1);
    expect(standby.ofType("aws:rds/globalCluster:GlobalCluster")).toEqual([]);
    const { inputs, options, outputs } = home.resource("BooksGlobal");
    expect(inputs).toMatchObject({ storageEncrypted: true, deletionProtection: true });
    expect(options).toMatchObject({ retainOnDelete: true });
    for (const plan of both)
      expect(inputsIn(plan, "Books")).toMatchObject({ globalClusterIdentifier: outputs?.["id"] });
  });

  it("are of one version from the start: RDS fails over between equal ones only", () => {
    const [version] = both.map((plan) => inputsIn<{ engineVersion: string }>(plan, "Books").engineVersion);
    expect(inputsIn(home, "BooksGlobal")).toMatchObject({ engineVersion: version });
    expect(inputsIn(standby, "Books")).toMatchObject({ engineVersion: version });
  });

  it("are written to at home first: a cluster that follows is given no database, owner or password", () => {
    expect(inputsIn(home, "Books")).toMatchObject({ databaseName: "books", masterUsername: "books_owner" });
    const told = Object.keys(inputsIn<object>(standby, "Books"));
    for (const each of ["databaseName", "masterUsername", "masterPassword", "manageMasterUserPassword"])
      expect(told).not.toContain(each);
    expect(inputsIn(standby, "Books")).toMatchObject({ sourceRegion: home.region });
  });

  it("stay what a failover made them: a deployment changes neither who follows whom nor who owns them", () => {
    const left = both.map((plan) => plan.resource("Books").options?.["ignoreChanges"]);
    expect(left[0]).toEqual(
      expect.arrayContaining([
        ...["engineVersion", "replicationSourceIdentifier"],
        ...["masterUsername", "masterPassword", "databaseName"],
      ]),
    );
    expect(left[1]).toEqual(["engineVersion", "replicationSourceIdentifier"]);
  });

  it("are each under the key of their region, which is one key", () => {
    const keys = both.map((plan) => inputsIn<{ kmsKeyId: string }>(plan, "Books").kmsKeyId);
    expect(keys).toEqual([arnIn(home, "BooksKey"), arnIn(home, "BooksKeyReplica")]);
    expect(keys[1]).toBe(String(keys[0]).replace(`:${home.region}:`, `:${standby.region}:`));
  });
});

describe("the books that follow", () => {
  it("have an instance, in private subnets of two zones, and grow as those at home", () => {
    const instances = standby.ofType<{ clusterIdentifier: string; publiclyAccessible: boolean }>(
      "aws:rds/clusterInstance:ClusterInstance",
    );
    expect(instances.map(({ inputs }) => inputs)).toMatchObject([
      { clusterIdentifier: standby.resource("Books").outputs?.["id"], publiclyAccessible: false },
    ]);
    const [here, there] = both.map(
      (plan) =>
        inputsIn<{ serverlessv2ScalingConfiguration: { minCapacity: number; maxCapacity: number } }>(
          plan,
          "Books",
        ).serverlessv2ScalingConfiguration,
    );
    expect(there?.minCapacity).toBeGreaterThan(0);
    expect(there?.maxCapacity).toBe(here?.maxCapacity);
    const subnets = ["PrivateSubnetA", "PrivateSubnetB"].map(
      (name) => standby.resource(name).outputs?.["id"],
    );
    expect(inputsIn(standby, "BooksSubnets")).toMatchObject({ subnetIds: subnets });
  });

  it("let nobody in: no process is there", () => {
    const group = standby.resource("BooksGroup").outputs?.["id"];
    expect(inputsIn(standby, "Books")).toMatchObject({ vpcSecurityGroupIds: [group] });
    const rules = standby.ofType<{ securityGroupId: string }>(
      "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    );
    expect(rules.filter(({ inputs }) => inputs.securityGroupId === group)).toEqual([]);
    expect(standby.ofType("aws:rds/proxy:Proxy")).toEqual([]);
  });

  it("are in a network without a way out, and without endpoints that cost by the hour", () => {
    expect(standby.ofType("aws:ec2/natGateway:NatGateway")).toEqual([]);
    expect(standby.ofType("aws:ec2/internetGateway:InternetGateway")).toEqual([]);
    const endpoints = standby.ofType<{ vpcEndpointType: string }>("aws:ec2/vpcEndpoint:VpcEndpoint");
    expect(new Set(endpoints.map(({ inputs }) => inputs.vpcEndpointType))).toEqual(new Set(["Gateway"]));
    const [here, there] = both.map((plan) => inputsIn<{ cidrBlock: string }>(plan, "Network").cidrBlock);
    expect(there).not.toBe(here);
  });

  it("speak TLS only, log for a year, know people by IAM and are kept, as those at home", () => {
    const alike = [
      ...["engine", "iamDatabaseAuthenticationEnabled", "storageEncrypted", "deletionProtection"],
      ...["enabledCloudwatchLogsExports", "backupRetentionPeriod", "skipFinalSnapshot"],
    ];
    const [here, there] = both.map((plan) => {
      const inputs = inputsIn<Record<string, unknown>>(plan, "Books");
      return Object.fromEntries(alike.map((name) => [name, inputs[name]]));
    });
    expect(there).toEqual(here);
    const parametersIn = (plan: PlanView) =>
      inputsIn<{ parameters: unknown }>(plan, "BooksParameters").parameters;
    expect(parametersIn(standby)).toEqual(parametersIn(home));
    expect(inputsIn(standby, "Books")).toMatchObject({
      dbClusterParameterGroupName: inputsIn<{ name: string }>(standby, "BooksParameters").name,
    });
    expect(inputsIn(standby, "BooksLogs")).toMatchObject({
      name: "/aws/rds/cluster/tallystick-production-standby-books/postgresql",
      retentionInDays: 365,
    });
  });

  it("are watched for how far they are behind, in their region, whichever that is", () => {
    for (const plan of both)
      expect(inputsIn(plan, "BooksBehindAlarm")).toMatchObject({
        metricName: "AuroraGlobalDBReplicationLag",
        dimensions: { DBClusterIdentifier: plan.resource("Books").outputs?.["id"] },
        threshold: 60_000,
      });
  });
});

describe("the password of the books' owner", () => {
  const secret = arnIn(home, "BooksOwner");
  const copy = secret.replace(`:${home.region}:`, `:${standby.region}:`);

  it("is drawn, kept in a secret under the books' key, and copied to the other region under its key there", () => {
    expect(inputsIn(home, "BooksOwner")).toMatchObject({
      kmsKeyId: arnIn(home, "BooksKey"),
      replicas: [{ region: standby.region, kmsKeyId: arnIn(home, "BooksKeyReplica") }],
    });
    const { secretId, secretString } = inputsIn<Record<string, string>>(home, "BooksOwnerFirst");
    expect(secretId).toBe(secret);
    expect(JSON.parse(String(secretString))).toEqual({
      username: "books_owner",
      password: inputsIn<{ masterPassword: string }>(home, "Books").masterPassword,
    });
    expect(home.resource("BooksOwnerFirst").options?.["ignoreChanges"]).toEqual(["secretString"]);
  });

  it("changes every seven days, beginning with the day on which it is made", () => {
    expect(inputsIn(home, "BooksOwnerRotation")).toEqual({
      secretId: secret,
      rotationLambdaArn: arnIn(home, "RotateBooksOwnerFunction"),
      rotateImmediately: true,
      rotationRules: { automaticallyAfterDays: 7 },
    });
    expect(standby.ofType("aws:secretsmanager/secretRotation:SecretRotation")).toEqual([]);
  });

  it.each([
    { plan: home, of: secret, key: arnIn(home, "BooksKey") },
    { plan: standby, of: copy, key: arnIn(home, "BooksKeyReplica") },
  ])("is changed in $plan.stage by a function that may do that and no more", ({ plan, of, key }) => {
    expect(variablesIn(plan, "RotateBooksOwner")).toEqual({
      BOOKS_CLUSTER: plan.resource("Books").outputs?.["id"],
    });
    expect(grantsIn(plan, "RotateBooksOwner")).toEqual([
      {
        Action: ["DescribeSecret", "GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"].map(
          (action) => `secretsmanager:${action}`,
        ),
        Resource: of,
      },
      {
        Action: ["kms:Decrypt", "kms:GenerateDataKey"],
        Resource: key,
        Condition: { StringEquals: { "kms:ViaService": `secretsmanager.${plan.region}.amazonaws.com` } },
      },
      { Action: ["rds:ModifyDBCluster", "rds:DescribeDBClusters"], Resource: arnIn(plan, "Books") },
    ]);
    expect(inputsIn(plan, "RotateBooksOwnerPermission")).toMatchObject({
      principal: "secretsmanager.amazonaws.com",
      sourceAccount: plan.account,
    });
  });

  it("that could not be changed is alarmed by the first failure: the function runs once a week", () => {
    for (const plan of both)
      expect(inputsIn(plan, "BooksOwnerStaysAlarm")).toMatchObject({
        metricName: "Errors",
        dimensions: { FunctionName: inputsIn<FunctionInputs>(plan, "RotateBooksOwnerFunction").name },
        threshold: 1,
      });
  });
});

describe("a failover of the books", () => {
  it.each(both.map((plan) => ({ plan })))(
    "to $plan.stage promotes its own cluster, and may promote no other",
    ({ plan }) => {
      const global = arnIn(home, "BooksGlobal");
      expect(variablesIn(plan, "PromoteBooks")).toEqual({
        BOOKS_GLOBAL: home.resource("BooksGlobal").outputs?.["id"],
        BOOKS_CLUSTER_ARN: arnIn(plan, "Books"),
      });
      expect(grantsIn(plan, "PromoteBooks")).toEqual([
        { Action: "rds:DescribeGlobalClusters", Resource: global },
        { Action: "rds:FailoverGlobalCluster", Resource: [global, arnIn(plan, "Books")] },
      ]);
    },
  );

  it("has nothing to do on the laptop, where it may do nothing", () => {
    expect(localResource<FunctionInputs>("PromoteBooksFunction").inputs.environment.variables).toEqual({});
    expect(() => localResource("RotateBooksOwnerFunction")).toThrow("has no RotateBooksOwnerFunction");
  });
});
