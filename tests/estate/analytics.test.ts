import { describe, expect, it } from "vitest";
import { ledgerEvent } from "#core/events/ledger-event.ts";
import { eventOf, publishedEvent } from "#core/events/payment-event.ts";
import type { Payment } from "#core/payments/payment.ts";
import { exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";
import { listOf, production, type RoleInputs, type Statement, statementsOf } from "./committed-plan.ts";

const arnOf = (name: string): string => String(production.resource(name).outputs?.["arn"]);
const inputsOf = <T>(name: string): T => production.resource<T>(name).inputs;
const grantsOf = (role: string): readonly Statement[] => statementsOf(production.resource<RoleInputs>(role));
const readsOnly = new Set(["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucketVersions", "s3:ListBucket"]);

const actionsOn = (role: string, arn: string): string[] =>
  grantsOf(role)
    .filter(({ Resource }) => listOf(Resource).some((each) => each === arn || each === `${arn}/*`))
    .flatMap(({ Action }) => listOf(Action))
    .toSorted();

interface DeliveryInputs {
  readonly kinesisSourceConfiguration: { readonly kinesisStreamArn: string; readonly roleArn: string };
  readonly extendedS3Configuration: {
    readonly bucketArn: string;
    readonly prefix: string;
    readonly kmsKeyArn: string;
    readonly roleArn: string;
    readonly compressionFormat?: string;
    readonly cloudwatchLoggingOptions: { readonly logGroupName: string; readonly logStreamName: string };
    readonly dataFormatConversionConfiguration?: {
      readonly schemaConfiguration: { readonly tableName: string; readonly databaseName: string };
    };
  };
}
const toArchive = inputsOf<DeliveryInputs>("ArchiveDelivery");
const toLake = inputsOf<DeliveryInputs>("LakeDelivery");

describe("events on their way", () => {
  it.each([toArchive, toLake])("are read from the stream by a role of their own", (delivery) => {
    const { kinesisStreamArn, roleArn } = delivery.kinesisSourceConfiguration;
    expect(kinesisStreamArn).toBe(arnOf("PaymentEvents"));
    expect(roleArn).toBe(delivery.extendedS3Configuration.roleArn);
  });

  it.each([
    ["ArchiveDelivery", toArchive],
    ["LakeDelivery", toLake],
  ] as const)("%s says why it fails, in a log that is there", (name, { extendedS3Configuration }) => {
    const { logGroupName, logStreamName } = extendedS3Configuration.cloudwatchLoggingOptions;
    expect(inputsOf(`${name}Logs`)).toMatchObject({ name: logGroupName, retentionInDays: 365 });
    expect(inputsOf(`${name}LogStream`)).toMatchObject({ name: logStreamName, logGroupName });
  });

  it.each(["ArchiveDelivery", "LakeDelivery"])("%s uses keys through S3 and for its bucket only", (name) => {
    const keys = grantsOf(`${name}Role`).filter(({ Action }) =>
      listOf(Action).some((action) => action.startsWith("kms:")),
    );
    expect(keys).toHaveLength(1);
    const { bucketArn } = inputsOf<DeliveryInputs>(name).extendedS3Configuration;
    expect(keys[0]?.Condition?.["StringEquals"]).toEqual({
      "kms:ViaService": "s3.eu-west-1.amazonaws.com",
      "kms:EncryptionContext:aws:s3:arn": bucketArn,
    });
  });
});

describe("the archive", () => {
  const archive = arnOf("ArchiveBucket");
  const landing = arnOf("ArchiveLandingBucket");

  it("is locked for ten years, root included, and deletes nothing before", () => {
    expect(inputsOf("ArchiveBucketLock")).toMatchObject({
      rule: { defaultRetention: { mode: "COMPLIANCE", days: 3_653 } },
    });
    expect(inputsOf("ArchiveBucket")).toMatchObject({ objectLockEnabled: true });
    const { rules } = inputsOf<{ rules: { expiration: { days: number } }[] }>("ArchiveBucketLifecycle");
    for (const { expiration } of rules) expect(expiration.days).toBeGreaterThan(3_653);
  });

  it("gets what landed as it came, each event on a line of its own", () => {
    expect(toArchive.extendedS3Configuration).toMatchObject({
      bucketArn: landing,
      compressionFormat: "GZIP",
      processingConfiguration: { processors: [{ type: "AppendDelimiterToRecord" }] },
    });
    expect(Object.keys(toArchive.extendedS3Configuration)).not.toContain("dataFormatConversionConfiguration");
  });

  it("is filled by S3 itself, all of it, encrypted under the archive's key", () => {
    const { rules, role } = inputsOf<{ role: string; rules: readonly object[] }>("ArchiveCopy");
    expect(role).toBe(arnOf("ArchiveCopyRole"));
    // The second is the one into the other region: standby.test.ts.
    expect(rules).toHaveLength(2);
    expect(rules[0]).toMatchObject({
      status: "Enabled",
      filter: {},
      // Without it S3 leaves out what is under a key of ours, and that is everything.
      sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: "Enabled" } },
      destination: {
        bucket: archive,
        encryptionConfiguration: { replicaKmsKeyId: arnOf("ArchiveKey") },
        metrics: { status: "Enabled" },
      },
    });
  });

  it("is written by that copy alone: no other role of the estate may put or delete there", () => {
    expect(actionsOn("ArchiveCopyRole", archive)).toEqual(["s3:ReplicateObject", "s3:ReplicateTags"]);
    const others = production
      .ofType<RoleInputs>("aws:iam/role:Role")
      .filter(({ name, inputs }) => name !== "ArchiveCopyRole" && inputs.inlinePolicies !== undefined)
      .filter(({ name }) => actionsOn(name, archive).some((action) => !readsOnly.has(action)));
    expect(others.map(({ name }) => name)).toEqual([]);
  });
});

describe("the lake", () => {
  const table = inputsOf<{
    name: string;
    storageDescriptor: { columns: { name: string; type: string }[]; location: string };
    parameters: Record<string, string>;
  }>("PaymentEventsColumns");

  /** Members of a struct, by name. */
  const membersOf = (type: string): string[] => {
    const names: string[] = [];
    let depth = 0;
    for (const part of type.split(/([<>,])/)) {
      if (part === "<") depth += 1;
      else if (part === ">") depth -= 1;
      else if (depth === 1 && part.includes(":")) names.push(part.split(":")[0] ?? "");
    }
    return names;
  };

  const { columns } = table.storageDescriptor;
  const membersOfData = membersOf(columns.find(({ name }) => name === "data")?.type ?? "");

  it("has each member of an event, of payments and of the ledger, but for what is sealed", () => {
    const members = new Set([...Object.keys(publishedEvent.shape), ...Object.keys(ledgerEvent.shape)]);
    members.delete("sealed");
    expect(columns.map(({ name }) => name)).toEqual([...members]);
  });

  it("has each member of a record of the journal", () => {
    const record = membersOf(columns.find(({ name }) => name === "record")?.type ?? "");
    expect(record).toEqual(Object.keys(ledgerEvent.shape.record.shape));
  });

  it("has each member of a payment, or leaves it out on purpose", () => {
    const standings = [
      { state: "requires_action", acquirer: "alpha", acquirerReference: "a-1" },
      { state: "authorized", authorization: exampleAuthorization },
      { state: "declined", acquirer: "alpha", decline: "expired_card" },
      { state: "failed", failure: "no acquirer" },
      { state: "canceled", cancellation: "out of stock" },
    ];
    const shown = new Set<string>();
    for (const standing of standings) {
      const payment = {
        ...examplePayment(),
        redirectUrl: "https://a.test",
        redactedAt: noon,
        ...standing,
      } as unknown as Payment;
      for (const name of Object.keys(eventOf(undefined, payment).data)) shown.add(name);
    }
    // What people wrote, and where they were sent; and what is the same for all.
    const leftOut = ["reference", "description", "metadata", "next_action", "object"];
    expect([...membersOfData, ...leftOut].toSorted()).toEqual([...shown].toSorted());
  });

  it("is where Firehose writes: the same table, bucket and days", () => {
    const { dataFormatConversionConfiguration, prefix, bucketArn } = toLake.extendedS3Configuration;
    const { tableName, databaseName } = dataFormatConversionConfiguration?.schemaConfiguration ?? {};
    expect(tableName).toBe(table.name);
    expect(databaseName).toBe(inputsOf<{ name: string }>("LakeCatalog").name);
    const bucket = bucketArn.replace("arn:aws:s3:::", "");
    expect(prefix).toBe("events/day=!{timestamp:yyyy-MM-dd}/");
    expect(table.parameters["storage.location.template"]).toBe(`s3://${bucket}/events/day=\${day}/`);
  });

  it("asks the archive too, a text per line, where the copies are", () => {
    const archived = inputsOf<typeof table>("ArchivedEventsColumns");
    expect(archived.storageDescriptor.columns).toEqual([{ name: "event", type: "string" }]);
    const bucket = arnOf("ArchiveBucket").replace("arn:aws:s3:::", "");
    expect(toArchive.extendedS3Configuration.prefix).toBe("events/day=!{timestamp:yyyy-MM-dd}/");
    expect(archived.parameters["storage.location.template"]).toBe(`s3://${bucket}/events/day=\${day}/`);
  });

  it("reads no more than somebody allowed, and writes answers where and how it was told", () => {
    expect(inputsOf("Questions")).toMatchObject({
      configuration: {
        enforceWorkgroupConfiguration: true,
        bytesScannedCutoffPerQuery: 1_000_000_000_000,
        resultConfiguration: { expectedBucketOwner: production.account },
      },
    });
  });

  it("is asked by queries that name its tables and no member that it does not have", () => {
    const queries = production.ofType<{ name: string; query: string }>("aws:athena/namedQuery:NamedQuery");
    expect(queries.map(({ inputs }) => inputs.name).toSorted()).toEqual([
      "approval-rates",
      "payment-history",
      "payments",
    ]);
    for (const { inputs } of queries) {
      expect(inputs.query).toMatch(/from (payment_events|archived_events)/);
      if (inputs.query.includes("from archived_events")) continue;
      for (const [, member = ""] of inputs.query.matchAll(/\bdata\.(\w+)/g))
        expect(membersOfData).toContain(member);
    }
  });
});

describe("the warehouse", () => {
  it("reads the stream and the archive's events, and no other resource", () => {
    const [reading, listing, ...ofArchive] = grantsOf("WarehouseReaderRole");
    expect(ofArchive).toMatchObject([
      { Action: "s3:ListBucket", Condition: { StringLike: { "s3:prefix": "events/*" } } },
      { Action: "s3:GetObject", Resource: `${arnOf("ArchiveBucket")}/events/*` },
      { Action: "kms:Decrypt", Resource: arnOf("ArchiveKey") },
    ]);
    expect(reading).toMatchObject({ Resource: arnOf("PaymentEvents") });
    expect(listing).toMatchObject({ Action: "kinesis:ListStreams", Resource: "*" });
    expect(inputsOf("WarehouseData")).toMatchObject({
      iamRoles: [arnOf("WarehouseReaderRole")],
      defaultIamRoleArn: arnOf("WarehouseReaderRole"),
    });
  });

  it("lets nobody in from the network, and reaches Kinesis within it", () => {
    const group = String(production.resource("WarehouseGroup").outputs?.["id"]);
    const into = production
      .ofType<{ securityGroupId: string }>("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
      .filter(({ inputs }) => inputs.securityGroupId === group);
    expect(into).toEqual([]);
    expect(inputsOf("KinesisStreamsEndpoint")).toMatchObject({
      serviceName: "com.amazonaws.eu-west-1.kinesis-streams",
      policy: { Statement: [{ Action: "kinesis:*" }] },
    });
  });

  it("logs who came and what was asked, for a year", () => {
    const kinds = inputsOf<{ logExports: string[] }>("WarehouseData").logExports;
    const groups = production
      .ofType<{ name: string; retentionInDays: number }>("aws:cloudwatch/logGroup:LogGroup")
      .filter(({ inputs }) => inputs.name.startsWith("/aws/redshift/"));
    expect(groups.map(({ inputs }) => inputs.name.split("/").at(-1)).toSorted()).toEqual(kinds.toSorted());
    for (const { inputs } of groups) expect(inputs.retentionInDays).toBe(365);
  });

  it("is filled every day by its function, as the owner", () => {
    expect(inputsOf("LoadWarehouseSchedule")).toMatchObject({ scheduleExpression: "cron(30 0 * * ? *)" });
    const secret = production.resource("WarehouseData").outputs?.["adminPasswordSecretArn"];
    expect(actionsOn("LoadWarehouseRole", String(secret))).toEqual(["secretsmanager:GetSecretValue"]);
    expect(actionsOn("LoadWarehouseRole", arnOf("Warehouse"))).toEqual([
      "redshift-data:BatchExecuteStatement",
      "redshift-data:ExecuteStatement",
    ]);
  });

  it("is asked by analysts in their own name: they have no secret, write nothing but answers, and come by one set", () => {
    const grants = grantsOf("Analysts");
    expect(actionsOn("Analysts", arnOf("Warehouse"))).toEqual([
      "redshift-data:ExecuteStatement",
      "redshift-serverless:GetCredentials",
    ]);
    const actions = grants.flatMap(({ Action }) => listOf(Action));
    expect(actions.filter((action) => action.startsWith("secretsmanager:"))).toEqual([]);
    const writing = grants.filter(({ Action }) => listOf(Action).includes("s3:PutObject"));
    expect(writing.map(({ Resource }) => Resource)).toEqual([`${arnOf("QueryResultsBucket")}/*`]);
    expect(actionsOn("Analysts", arnOf("ArchiveBucket"))).toEqual([]);
    expect(JSON.stringify(inputsOf("Analysts"))).toContain("AWSReservedSSO_Analysts_*");
  });

  it("works no more hours a day than somebody allowed", () => {
    expect(inputsOf("WarehouseLimit")).toMatchObject({ period: "daily", amount: 250 });
  });
});

describe("reports", () => {
  interface Template {
    readonly Resources: Readonly<Record<string, unknown>>;
  }
  const { Resources } = inputsOf<{ templateBody: Template }>("Reports").templateBody;
  const propertiesOf = <T>(name: string): T => (Resources[name] as { Properties: T }).Properties;
  const text = (name: string): string => JSON.stringify(propertiesOf(name));

  it("ask the lake, through its workgroup and by a role of their own", () => {
    expect(propertiesOf("LakeSource")).toMatchObject({
      Type: "ATHENA",
      DataSourceParameters: {
        AthenaParameters: {
          WorkGroup: inputsOf<{ name: string }>("Questions").name,
          RoleArn: arnOf("ReportsRole"),
        },
      },
    });
    expect(actionsOn("ReportsRole", arnOf("LakeBucket"))).toEqual([
      "s3:GetBucketLocation",
      "s3:GetObject",
      "s3:ListBucket",
    ]);
  });

  it("name no column that their query does not have, and each of its columns is typed", () => {
    const { PhysicalTableMap } = propertiesOf<{
      PhysicalTableMap: { payments: { CustomSql: { SqlQuery: string; Columns: { Name: string }[] } } };
    }>("PaymentsData");
    const { SqlQuery, Columns } = PhysicalTableMap.payments.CustomSql;
    const selected = [...(SqlQuery.split(/^select$/m)[1] ?? "").matchAll(/(\w+),?$/gm)]
      .map(([, name = ""]) => name)
      .filter((name) => !["last_events", "1"].includes(name));
    expect(Columns.map(({ Name }) => Name)).toEqual(selected);
    const used = [...text("PaymentsDashboard").matchAll(/"ColumnName":"(\w+)"/g)].map(([, name]) => name);
    expect(used.length).toBeGreaterThan(5);
    for (const name of used) expect(selected).toContain(name);
  });

  it("are seen by one group, and give no files away", () => {
    for (const name of ["LakeSource", "PaymentsData", "PaymentsDashboard"]) {
      const { Permissions } = propertiesOf<{ Permissions: { Principal: string }[] }>(name);
      expect(Permissions.map(({ Principal }) => Principal)).toEqual([arnOf("ReportReaders")]);
    }
    expect(text("PaymentsDashboard")).toContain('"ExportToCSVOption":{"AvailabilityStatus":"DISABLED"}');
  });

  it("have visuals and fields that are named once each", () => {
    const ids = [...text("PaymentsDashboard").matchAll(/"(?:VisualId|FieldId)":"([^"]+)"/g)].map(
      ([, id]) => id,
    );
    expect(new Set(ids).size).toBe(ids.length);
  });
});
