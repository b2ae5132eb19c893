import { describe, expect, it } from "vitest";
import { resource as localResource, production, type RoleInputs, statementsOf } from "./committed-plan.ts";

const idOf = (name: string): string => String(production.resource(name).outputs?.["id"]);
const arnOf = (name: string): string => String(production.resource(name).outputs?.["arn"]);
const inputsOf = <T>(name: string): T => production.resource<T>(name).inputs;
const grantsOf = (role: string) => statementsOf(production.resource<RoleInputs>(role));

/** Roles with a grant on what is asked for. */
const rolesOn = (isMeant: (resource: string) => boolean): string[] =>
  production
    .ofType<RoleInputs>("aws:iam/role:Role")
    .filter(({ inputs }) =>
      (inputs.inlinePolicies ?? []).some(({ policy }) =>
        policy.Statement.some(({ Resource }) => [Resource].flat().some((each) => isMeant(String(each)))),
      ),
    )
    .map(({ name }) => name);

interface GroupRule {
  readonly securityGroupId: string;
  readonly referencedSecurityGroupId?: string;
  readonly fromPort: number;
  readonly toPort: number;
}
/** Who may reach a group, with the ports. */
const letInto = (group: string): object[] =>
  production
    .ofType<GroupRule>("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    .filter(({ inputs }) => inputs.securityGroupId === idOf(group))
    .map(({ inputs: { referencedSecurityGroupId: from, fromPort, toPort } }) => ({ from, fromPort, toPort }));

/** The variables of the reconciler's only container. */
function variablesOfPods(): Readonly<Record<string, string>> {
  const { spec } = inputsOf<{
    spec: {
      template: { spec: { containers: readonly { env: readonly { name: string; value: string }[] }[] } };
    };
  }>("Reconciler");
  return Object.fromEntries(
    spec.template.spec.containers[0]?.env.map(({ name, value }) => [name, value]) ?? [],
  );
}

describe("the books", () => {
  it("are in two zones, each named", () => {
    const zones = production
      .ofType<{ clusterIdentifier: string; availabilityZone: string }>(
        "aws:rds/clusterInstance:ClusterInstance",
      )
      .filter(({ inputs }) => inputs.clusterIdentifier === idOf("Books"))
      .map(({ inputs }) => inputs.availabilityZone);
    expect(zones).toEqual(["eu-west-1a", "eu-west-1b"]);
  });

  it("speak TLS only, and write down who came and who changed their shape, but no values", () => {
    const { parameters, family } = inputsOf<{
      family: string;
      parameters: readonly { name: string; value: string }[];
    }>("BooksParameters");
    const { engine, engineVersion, dbClusterParameterGroupName } = inputsOf<Record<string, string>>("Books");
    expect(family).toBe(`${engine}${engineVersion?.split(".")[0]}`);
    expect(dbClusterParameterGroupName).toBe("tallystick-production-books");
    const set = Object.fromEntries(parameters.map(({ name, value }) => [name, value]));
    expect(set).toMatchObject({ "rds.force_ssl": "1", log_connections: "1", log_statement: "ddl" });
    expect(Object.keys(set)).not.toContain("log_min_duration_statement");
  });

  it("log to a group that was there before, for a year and under a key of ours", () => {
    for (const [group, name] of [
      ["BooksLogs", "/aws/rds/cluster/tallystick-production-books/postgresql"],
      ["BooksProxyLogs", "/aws/rds/proxy/tallystick-production-books"],
    ] as const) {
      expect(inputsOf(group)).toMatchObject({ name, retentionInDays: 365 });
    }
    expect(inputsOf("Books")).toMatchObject({ enabledCloudwatchLogsExports: ["postgresql"] });
  });

  it("have no password but the owner's, which the proxy reads and no pod: all sign in to it by IAM", () => {
    expect(inputsOf("Books")).toMatchObject({
      masterUsername: "books_owner",
      iamDatabaseAuthenticationEnabled: true,
    });
    const owner = arnOf("BooksOwner");
    expect(inputsOf("BooksProxy")).toMatchObject({
      ...{ requireTls: true, defaultAuthScheme: "IAM_AUTH" },
      auths: [{ authScheme: "SECRETS", iamAuth: "REQUIRED", secretArn: owner }],
    });
    const readers = rolesOn((resource) => resource === owner);
    expect(readers).toEqual(["BooksProxyRole", "RotateBooksOwnerRole"]);
    expect(grantsOf("BooksProxyRole").filter(({ Action }) => Action !== "rds-db:connect")).toEqual([
      { Effect: "Allow", Action: "secretsmanager:GetSecretValue", Resource: owner },
      {
        ...{ Effect: "Allow", Action: "kms:Decrypt", Resource: arnOf("BooksKey") },
        Condition: { StringEquals: { "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com" } },
      },
    ]);
  });

  it("let in the proxy only, which lets in nodes and people at their desk only", () => {
    const postgres = { fromPort: 5432, toPort: 5432 };
    expect(letInto("BooksGroup")).toEqual([{ from: idOf("BooksProxyGroup"), ...postgres }]);
    expect(letInto("BooksProxyGroup")).toEqual([
      { from: idOf("BooksDeskGroup"), ...postgres },
      { from: idOf("NodesGroup"), ...postgres },
    ]);
    expect(letInto("BooksDeskGroup")).toEqual([]);
  });

  it("know each user by its own name: pods and people to the proxy, the proxy to the database", () => {
    const proxy = arnOf("BooksProxy").split(":").at(-1);
    const cluster = production.resource("Books").outputs?.["clusterResourceId"];
    const users = `arn:aws:rds-db:eu-west-1:${production.account}:dbuser`;
    const connecting = (role: string) => grantsOf(role).filter(({ Action }) => Action === "rds-db:connect");
    expect(connecting("ReconcilerRole")).toMatchObject([{ Resource: `${users}:${proxy}/reconciler` }]);
    expect(connecting("Finance")).toMatchObject([{ Resource: `${users}:${proxy}/finance` }]);
    expect(connecting("BooksAuditors")).toMatchObject([{ Resource: `${users}:${proxy}/auditor` }]);
    expect(connecting("BooksProxyRole")).toMatchObject([
      { Resource: ["auditor", "finance", "reconciler"].map((user) => `${users}:${cluster}/${user}`) },
    ]);
    expect(rolesOn((resource) => resource.startsWith(`${users}:`))).toEqual([
      ...["BooksAuditors", "BooksMigrationRole", "BooksProxyRole", "Finance", "ReconcilerRole"],
    ]);
    expect(variablesOfPods()).toMatchObject({
      BOOKS_HOST: production.resource("BooksProxy").outputs?.["endpoint"],
      BOOKS_DATABASE: inputsOf<{ databaseName: string }>("Books").databaseName,
      BOOKS_USER: "reconciler",
    });
  });

  it("are their owner's for the migration alone, which may do nothing else", () => {
    const proxy = arnOf("BooksProxy").split(":").at(-1);
    const owner = `arn:aws:rds-db:eu-west-1:${production.account}:dbuser:${proxy}/books_owner`;
    expect(grantsOf("BooksMigrationRole")).toEqual([
      { Effect: "Allow", Action: "rds-db:connect", Resource: owner },
    ]);
    const asOwner = rolesOn((resource) => /:dbuser:.*\/(books_owner|.*\*.*)$/.test(resource));
    expect(asOwner).toEqual(["BooksMigrationRole"]);
  });

  it("can be copied to the security account, whose AWS Backup may read them and nobody else there", () => {
    const { policy } = inputsOf<{ policy: { Statement: { Sid: string; Condition?: object }[] } }>("BooksKey");
    const byBackup = {
      ArnLike: {
        "aws:PrincipalArn": expect.stringMatching(
          /:777788889999:role\/aws-service-role\/backup\.amazonaws\.com\//,
        ),
      },
    };
    const conditions = policy.Statement.map(({ Sid, Condition }) => [Sid, Condition]);
    expect(conditions).toEqual([
      ["IamPoliciesDecide", undefined],
      ["Copies", byBackup],
      ["Grants", { ...byBackup, Bool: { "kms:GrantIsForAWSResource": "true" } }],
    ]);
  });
});

describe.each([
  { role: "Finance", set: "Finance", also: ["sqs"] },
  { role: "BooksAuditors", set: "Auditors", also: [] },
])("$role", ({ role, set, also }) => {
  const grants = grantsOf(role);
  const of = (action: string) => grants.filter(({ Action }) => [Action].flat().includes(action));
  const actions = grants.flatMap(({ Action }) => Action);

  it("is for people of one permission set, who come in by their own word and know no secret", () => {
    const { assumeRolePolicy } = production.resource<RoleInputs>(role).inputs;
    expect(JSON.stringify(assumeRolePolicy)).toContain(`AWSReservedSSO_${set}_*`);
    expect([...new Set(actions.map((action) => action.split(":")[0]))].toSorted()).toEqual([
      ...["cloudshell", "ec2", "rds-db", ...also],
    ]);
    // Closing a period asks what the journal's queue still holds, and takes nothing from it.
    const [counting] = grants.filter(({ Action }) => String(Action).includes("sqs:"));
    if (also.length > 0)
      expect(counting).toEqual({
        ...{ Effect: "Allow", Action: ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"] },
        Resource: [arnOf("JournalFilesQueue"), arnOf("JournalFilesUnreadQueue")],
      });
  });

  it("opens shells at the desk, and nowhere else", () => {
    const subnets = ["A", "B", "C"].map((zone) => idOf(`BuildSubnet${zone}`));
    expect(of("cloudshell:CreateEnvironment")).toMatchObject([
      {
        Condition: {
          "ForAllValues:StringEquals": {
            "cloudshell:VpcIds": idOf("Network"),
            "cloudshell:SubnetIds": subnets,
            "cloudshell:SecurityGroupIds": idOf("BooksDeskGroup"),
          },
          Null: {
            "cloudshell:VpcIds": "false",
            "cloudshell:SubnetIds": "false",
            "cloudshell:SecurityGroupIds": "false",
          },
        },
      },
    ]);
    // What such a shell could send to a person's own machine, or bring from there, it does by nobody's console.
    expect(actions.filter((action) => /GetFile/.test(action))).toEqual([]);
  });

  it("puts no interface into the network but by CloudShell, which tags its own", () => {
    const byShell = { "aws:CalledVia": "cloudshell.amazonaws.com" };
    const tagged = { ...byShell, "aws:TagKeys": "ManagedByCloudShell" };
    const places = ["A", "B", "C"].map((zone) => arnOf(`BuildSubnet${zone}`));
    const interfaces = `arn:aws:ec2:eu-west-1:${production.account}:network-interface/*`;
    expect(of("ec2:CreateNetworkInterface")).toMatchObject([
      {
        Resource: [...places, arnOf("BooksDeskGroup")],
        Condition: { "ForAnyValue:StringEquals": byShell },
      },
      { Resource: interfaces, Condition: { "ForAnyValue:StringEquals": tagged } },
    ]);
    expect(of("ec2:DeleteNetworkInterface")).toMatchObject([
      {
        Resource: interfaces,
        Condition: {
          "ForAnyValue:StringEquals": byShell,
          StringEquals: { "aws:ResourceTag/ManagedByCloudShell": "" },
        },
      },
    ]);
  });
});

describe("the cache", () => {
  it("has one user, that signs in by IAM, has keys of its own and cannot list, empty or configure", () => {
    expect(inputsOf("CacheUsers")).toMatchObject({ userIds: ["reconciler"] });
    expect(inputsOf("CacheReconciler")).toMatchObject({
      userId: "reconciler",
      userName: "reconciler",
      authenticationMode: { type: "iam" },
      accessString: "on ~reconciler:* resetchannels -@all +@read +@write +@connection -@dangerous",
    });
    const [grant] = grantsOf("ReconcilerRole").filter(({ Action }) => Action === "elasticache:Connect");
    // IAM asks for both: the cache, and the user in it.
    expect(grant?.Resource).toEqual([arnOf("Cache"), arnOf("CacheReconciler")]);
  });

  it("lets in nodes only, and its pods know where it is", () => {
    expect(letInto("CacheGroup")).toEqual([{ from: idOf("NodesGroup"), fromPort: 6379, toPort: 6380 }]);
    const endpoints = production.resource("Cache").outputs?.["endpoints"];
    expect(endpoints).toMatchObject([{ address: variablesOfPods()["CACHE_HOST"] }]);
    expect(variablesOfPods()).toMatchObject({ CACHE_USER: "reconciler" });
  });
});

it.each(["Cache", "Reports"])("%s is not on the laptop", (name) => {
  expect(() => localResource(name)).toThrow(`has no ${name}`);
});
