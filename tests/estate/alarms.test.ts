import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { listOf, ofType, production, projectRoot, type RoleInputs } from "./committed-plan.ts";

type Dimensions = Readonly<Record<string, string>>;
interface MetricInputs {
  readonly namespace: string;
  readonly metricName: string;
  readonly dimensions?: Dimensions;
}
interface AlarmInputs extends Partial<MetricInputs> {
  readonly name: string;
  /** The edge measures in a region of its own, and has a topic there: edge.test.ts. */
  readonly region?: string;
  readonly alarmDescription: string;
  readonly alarmActions: readonly string[];
  readonly comparisonOperator: string;
  readonly treatMissingData: string;
  readonly threshold: number;
  readonly metricQueries?: readonly { readonly metric?: MetricInputs }[];
}

const everywhere = production.ofType<AlarmInputs>("aws:cloudwatch/metricAlarm:MetricAlarm");
const alarms = everywhere.filter(({ inputs }) => inputs.region === undefined);
const composites = production.ofType<{ alarmRule: string; alarmActions: readonly string[] }>(
  "aws:cloudwatch/compositeAlarm:CompositeAlarm",
);
const topic = String(production.resource("Alarms").outputs?.["arn"]);
const arnOf = (name: string): string => String(production.resource(name).outputs?.["arn"]);

/** All that an alarm looks at. */
const metricsOf = ({ inputs }: (typeof alarms)[number]): readonly MetricInputs[] =>
  inputs.metricQueries === undefined
    ? [inputs as MetricInputs]
    : inputs.metricQueries.flatMap(({ metric }) => metric ?? []);

const watched = (namespace: string, metricName: string, dimension: string): ReadonlySet<string | undefined> =>
  new Set(
    alarms
      .flatMap(metricsOf)
      .filter((metric) => metric.namespace === namespace && metric.metricName === metricName)
      .map(({ dimensions }) => dimensions?.[dimension]),
  );

const physicalNames = (type: string): readonly string[] =>
  production.ofType<{ name: string }>(type).map(({ inputs }) => inputs.name);

describe("alarms", () => {
  it("are in production, and not where nobody is on call", () => {
    expect(alarms.length).toBeGreaterThan(50);
    expect(ofType("aws:cloudwatch/metricAlarm:MetricAlarm")).toEqual([]);
  });

  it.each(everywhere)("$name says what it means, and names a runbook that is there", ({ inputs }) => {
    const [, means = "", file = ""] = /^(.{20,}) Runbook: (\S+)$/.exec(inputs.alarmDescription) ?? [];
    expect(means).not.toBe("");
    expect(existsSync(join(projectRoot, file)), file).toBe(true);
  });

  it.each(alarms)("$name tells somebody, by itself or together with others", ({ inputs }) => {
    const together = composites.filter(({ inputs: { alarmRule } }) =>
      alarmRule.includes(`ALARM("${inputs.name}")`),
    );
    const told = [inputs.alarmActions, ...together.map((each) => each.inputs.alarmActions)];
    expect(told.flat()).toEqual([topic]);
  });

  it("that are put together are all there, and no more than CloudWatch puts together", () => {
    const [composite] = composites;
    const named = [...(composite?.inputs.alarmRule.matchAll(/ALARM\("([^"]+)"\)/g) ?? [])].map(
      ([, name]) => name,
    );
    const names = new Set(alarms.map(({ inputs }) => inputs.name));
    expect(named.filter((name) => name === undefined || !names.has(name))).toEqual([]);
    expect(named.length).toBeLessThanOrEqual(100);
  });

  it("compare ten metrics at most, each by a name that an expression may have", () => {
    for (const alarm of alarms) expect(metricsOf(alarm).length, alarm.name).toBeLessThanOrEqual(10);
    const ids = alarms.flatMap(({ inputs }) =>
      (inputs.metricQueries ?? []).map((query) => (query as { id: string }).id),
    );
    for (const id of ids) expect(id).toMatch(/^[a-z]\w*$/);
  });
});

const failover = JSON.stringify(production.resource("FailoverSaga").inputs["definition"]);
/** What the failover's workflow invokes. */
const ofFailover = production
  .ofType<{ name: string }>("aws:lambda/function:Function")
  .filter(({ outputs }) => failover.includes(`"${String(outputs?.["arn"])}"`))
  .map(({ inputs }) => inputs.name);

describe("what is watched", () => {
  it("is every queue", () => {
    const names = physicalNames("aws:sqs/queue:Queue");
    const ages = watched("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName");
    const depths = watched("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName");
    expect(names.filter((name) => !ages.has(name) && !depths.has(name))).toEqual([]);
  });

  it("is every reader of a stream, by how far it is behind", () => {
    const readers = production
      .ofType<{ eventSourceArn: string; functionName: string }>(
        "aws:lambda/eventSourceMapping:EventSourceMapping",
      )
      .filter(({ inputs }) => !inputs.eventSourceArn.includes(":sqs:"))
      .map(({ inputs }) => inputs.functionName);
    expect(new Set(readers)).toEqual(watched("AWS/Lambda", "IteratorAge", "FunctionName"));
  });

  it("is every saga, whichever way it fails", () => {
    const machines = new Set(
      production.ofType("aws:sfn/stateMachine:StateMachine").map(({ outputs }) => String(outputs?.["arn"])),
    );
    for (const end of ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted"]) {
      expect(watched("AWS/States", end, "StateMachineArn")).toEqual(machines);
    }
  });

  it("is every function, by its errors and its time", () => {
    const names = new Set(physicalNames("aws:lambda/function:Function"));
    expect(watched("AWS/Lambda", "Errors", "FunctionName")).toEqual(names);
    // These wait for RDS and Redshift, and fail when that takes too long; those of a failover are watched by who started it.
    const waiting = ["rotate-books-owner", "load-warehouse"].map((name) => `tallystick-production-${name}`);
    for (const name of [...waiting, ...ofFailover]) names.delete(name);
    expect(ofFailover).toHaveLength(10);
    expect(watched("AWS/Lambda", "Duration", "FunctionName")).toEqual(names);
  });

  it("is every table", () => {
    const names = new Set(physicalNames("aws:dynamodb/table:Table"));
    expect(watched("AWS/DynamoDB", "WriteThrottleEvents", "TableName")).toEqual(names);
  });

  it("is there: no alarm looks at a name that the plan does not have", () => {
    const buckets = new Set(
      production.ofType<{ bucket: string }>("aws:s3/bucket:Bucket").map(({ inputs }) => inputs.bucket),
    );
    const known: Readonly<Record<string, ReadonlySet<string>>> = {
      FunctionName: new Set(physicalNames("aws:lambda/function:Function")),
      QueueName: new Set(physicalNames("aws:sqs/queue:Queue")),
      TableName: new Set(physicalNames("aws:dynamodb/table:Table")),
      StreamName: new Set(physicalNames("aws:kinesis/stream:Stream")),
      TopicName: new Set(physicalNames("aws:sns/topic:Topic")),
      CanaryName: new Set(physicalNames("aws:synthetics/canary:Canary")),
      RuleName: new Set(physicalNames("aws:cloudwatch/eventRule:EventRule")),
      StateMachineArn: new Set(
        production.ofType("aws:sfn/stateMachine:StateMachine").map(({ outputs }) => String(outputs?.["arn"])),
      ),
      DeliveryStreamName: new Set(physicalNames("aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream")),
      DBClusterIdentifier: new Set([String(production.resource("Books").outputs?.["id"])]),
      ...{ SourceBucket: buckets, DestinationBucket: buckets },
      RuleId: new Set(
        production
          .ofType<{ rules: readonly { id: string }[] }>(
            "aws:s3/bucketReplicationConfig:BucketReplicationConfig",
          )
          .flatMap(({ inputs }) => inputs.rules.map(({ id }) => id)),
      ),
      ApiId: new Set(
        production.ofType("aws:apigatewayv2/api:Api").map(({ outputs }) => String(outputs?.["id"])),
      ),
    };
    for (const { dimensions = {}, metricName } of alarms.flatMap(metricsOf)) {
      for (const [name, value] of Object.entries(dimensions)) {
        // The region that copies go to has no resource.
        if (name === "Operation" || name === "ReceivingRegion") continue;
        expect(known[name], `${metricName} by ${name}`).toContain(value);
      }
    }
  });

  it("by a sign of life is the sweeps, the loads, the proofs and the canary: silence is what rings", () => {
    const signs = alarms.filter(({ inputs }) => inputs.comparisonOperator === "LessThanOrEqualToThreshold");
    expect(signs.map(({ name }) => name)).toEqual([
      "CanaryFailingAlarm",
      "DayUnprovenAlarm",
      "ExpireHoldsStoppedAlarm",
      "ExpireStoppedAlarm",
      "WarehouseBehindAlarm",
    ]);
    // As long as no reconciler is released, nobody is called for what it does not do.
    for (const { name, inputs } of signs)
      expect(inputs.treatMissingData).toBe(name === "DayUnprovenAlarm" ? "missing" : "breaching");
  });

  it("and has no data while no reconciler runs is what it says, which claims nothing", () => {
    expect(production.resource<AlarmInputs>("BreaksOldAlarm").inputs.treatMissingData).toBe("missing");
  });

  it("is a night without a proof, after a day and two hours", () => {
    expect(production.resource("DayUnprovenAlarm").inputs).toMatchObject({
      ...{ metricName: "ProofsMade", period: 3_600, evaluationPeriods: 26, threshold: 0 },
    });
  });
});

describe("lines that are counted", () => {
  interface FilterInputs {
    readonly logGroupName: string;
    readonly pattern: string;
    readonly metricTransformation: {
      readonly namespace: string;
      readonly name: string;
      readonly value: string;
    };
  }
  const all = production.ofType<FilterInputs>("aws:cloudwatch/logMetricFilter:LogMetricFilter");
  /** A number of the line, and not that there was one. */
  const isMeasured = ({ inputs }: (typeof all)[number]): boolean => inputs.metricTransformation.value !== "1";
  const filters = all.filter((each) => !isMeasured(each));
  const isOfPods = ({ inputs }: (typeof all)[number]): boolean =>
    inputs.logGroupName.startsWith("/aws/containerinsights/");

  it.each(filters.filter(isOfPods))("$name stands in the code of the reconciler", ({ inputs }) => {
    const [, message = ""] = /^\{ \$\.log_processed\.message = "(.+)" \}$/.exec(inputs.pattern) ?? [];
    expect(message).not.toBe("");
    const text = sourcesFrom("reconciler/main.ts").join("\n");
    expect(text).toMatch(new RegExp(`logger\\.(info|error)\\("${message}"`));
  });

  it.each(filters.filter((filter) => !isOfPods(filter)))(
    "$name stands in the code of the function whose log it is",
    ({ inputs }) => {
      const fn = production
        .ofType<{ name: string }>("aws:lambda/function:Function")
        .find(({ inputs: { name } }) => inputs.logGroupName === `/aws/lambda/${name}`);
      const file = fn?.handler?.replace(/\.\w+$/, ".ts") ?? "";
      const text = sourcesFrom(file).join("\n");
      const [, message = ""] = /^\{ \$\.message = "(.+)" \}$/.exec(inputs.pattern) ?? [];
      expect(message).not.toBe("");
      expect(text).toMatch(new RegExp(`logger\\.(warn|error)\\("${message}"`));
    },
  );

  it("are looked at by an alarm, and no alarm looks at a count that nothing makes", () => {
    const counted = new Set(filters.map(({ inputs }) => inputs.metricTransformation.name));
    const read = new Set(
      alarms
        .flatMap(metricsOf)
        .filter(({ namespace }) => namespace === "Tallystick")
        .map(({ metricName }) => metricName),
    );
    expect(read).toEqual(new Set([...counted, "OldestBreakBusinessDays"]));
  });

  it("are measured as the reconciler says them and the log agent passes them on, each on the dashboard", () => {
    const sources = sourcesFrom("reconciler/main.ts").join("\n");
    const said = readFileSync(join(projectRoot, "reconciler/standing.ts"), "utf8");
    const ofPods = all.filter(isMeasured);
    expect(ofPods.map(({ inputs }) => inputs.metricTransformation.name).toSorted()).toEqual([
      ...["KeptFlaws", "OldestBreakBusinessDays", "OpenBreaks", "ParkedRecords"],
    ]);
    for (const { inputs } of ofPods) {
      const [, service = "", message = ""] =
        /^\{ \$\.log_processed\.service = "(.+)" && \$\.log_processed\.message = "(.+)" \}$/.exec(
          inputs.pattern,
        ) ?? [];
      expect(sources).toContain(`serviceName: "${service}"`);
      expect(sources).toContain(`logger.info("${message}"`);
      const [, field = ""] = /^\$\.log_processed\.(\w+)$/.exec(inputs.metricTransformation.value) ?? [];
      expect(said).toContain(`readonly ${field}: number`);
      expect(JSON.stringify(production.resource("MoneyDashboard").inputs)).toContain(
        inputs.metricTransformation.name,
      );
    }
  });
});

/** A handler and what it takes of its own folder. */
function sourcesFrom(file: string, seen = new Set<string>()): string[] {
  const path = join(projectRoot, file);
  if (seen.has(path) || !existsSync(path)) return [];
  seen.add(path);
  const text = readFileSync(path, "utf8");
  const near = [...text.matchAll(/from "\.\/([\w-]+\.ts)"/g)].map(([, name = ""]) => join(file, "..", name));
  return [text, ...near.flatMap((each) => sourcesFrom(each, seen))];
}

describe("whoever is on call", () => {
  it("is mailed, through a topic that only alarms of this account write to", () => {
    expect(production.resource("AlarmsByEmail").inputs).toMatchObject({ topic, protocol: "email" });
    const { policy } = production.resource<{ policy: { Statement: readonly object[] } }>(
      "AlarmsPolicy",
    ).inputs;
    expect(policy.Statement).toEqual([
      {
        Effect: "Allow",
        Principal: { Service: "cloudwatch.amazonaws.com" },
        Action: "sns:Publish",
        Resource: topic,
        Condition: { StringEquals: { "aws:SourceAccount": production.account } },
      },
    ]);
  });

  it("is told under a key that CloudWatch may use: without it alarms ring unheard", () => {
    expect(production.resource("Alarms").inputs).toMatchObject({ kmsMasterKeyId: arnOf("AlarmsKey") });
    const { policy, ...key } = production.resource<{
      policy: { Statement: readonly { Sid: string }[] };
    }>("AlarmsKey").inputs;
    expect(key).toMatchObject({ enableKeyRotation: true });
    expect(policy.Statement.find(({ Sid }) => Sid === "Sender")).toMatchObject({
      Principal: { Service: "cloudwatch.amazonaws.com" },
      Action: ["kms:Decrypt", "kms:GenerateDataKey"],
      Condition: { StringEquals: { "aws:SourceAccount": production.account } },
    });
  });
});

describe("dashboards", () => {
  interface Widget {
    readonly type: string;
    readonly properties: { readonly alarms?: readonly string[]; readonly metrics?: readonly unknown[] };
  }
  const dashboards = production.ofType<{ dashboardBody: { widgets: readonly Widget[] } }>(
    "aws:cloudwatch/dashboard:Dashboard",
  );

  it("are one for the money and one for the system, and show every alarm once", () => {
    expect(dashboards.map(({ name }) => name)).toEqual(["MoneyDashboard", "SystemDashboard"]);
    const shown = dashboards.flatMap(({ inputs }) =>
      inputs.dashboardBody.widgets.flatMap(({ properties }) => properties.alarms ?? []),
    );
    expect(shown.toSorted()).toEqual(alarms.map(({ outputs }) => String(outputs?.["arn"])).toSorted());
  });

  it("have nothing empty, and as many lines in a graph as CloudWatch draws", () => {
    const graphs = dashboards.flatMap(({ inputs }) =>
      inputs.dashboardBody.widgets.filter(({ type }) => type === "metric"),
    );
    expect(graphs.length).toBeGreaterThan(10);
    for (const { properties } of graphs) {
      expect(properties.metrics?.length).toBeGreaterThan(0);
      expect(properties.metrics?.length).toBeLessThanOrEqual(500);
    }
  });
});

describe("traces", () => {
  it("are sampled by a rule of ours, before AWS's own", () => {
    expect(production.resource("Traces").inputs).toMatchObject({
      priority: 1_000,
      reservoirSize: 1,
      fixedRate: 0.01,
    });
    expect(production.resource("FailedTraces").inputs).toMatchObject({
      filterExpression: "fault = true OR error = true",
    });
  });
});

describe("the canary", () => {
  interface CanaryInputs {
    readonly executionRoleArn: string;
    readonly schedule: { readonly expression: string };
    readonly artifactS3Location: string;
    readonly artifactConfig: object;
    readonly runConfig: { readonly environmentVariables: Readonly<Record<string, string>> };
  }
  const { inputs } = production.resource<CanaryInputs>("Canary");
  const statements = production
    .resource<RoleInputs>("CanaryRole")
    .inputs.inlinePolicies.flatMap(({ policy }) => policy.Statement);

  it("visits the public address, every five minutes", () => {
    expect(inputs.schedule.expression).toBe("rate(5 minutes)");
    expect(inputs.runConfig.environmentVariables).toEqual({
      API_URL: "https://api.tallystick.example",
      TOKEN_URL: expect.stringMatching(/^https:\/\/.+\.amazoncognito\.com\/oauth2\/token$/),
      CLIENT_SECRET_ARN: arnOf("CanaryClient"),
    });
  });

  it("has its credentials and what it leaves behind under a key of its own", () => {
    expect(production.resource("CanaryClient").inputs).toMatchObject({ kmsKeyId: arnOf("CanaryKey") });
    expect(inputs.artifactConfig).toEqual({
      s3Encryption: { encryptionMode: "SSE_KMS", kmsKeyArn: arnOf("CanaryKey") },
    });
  });

  it("may read its secret and write its visits, and touch nothing of ours", () => {
    const actions = statements.flatMap(({ Action }) => listOf(Action));
    expect(actions.filter((action) => /^(dynamodb|lambda|states|sqs|kinesis):/.test(action))).toEqual([]);
    const about = (action: string) => statements.find(({ Action }) => listOf(Action).includes(action));
    expect(about("secretsmanager:GetSecretValue")?.Resource).toBe(arnOf("CanaryClient"));
    expect(about("s3:PutObject")?.Resource).toBe(`${arnOf("CanaryBucket")}/visits/*`);
    expect(about("cloudwatch:PutMetricData")?.Condition).toEqual({
      StringEquals: { "cloudwatch:namespace": "CloudWatchSynthetics" },
    });
  });
});
