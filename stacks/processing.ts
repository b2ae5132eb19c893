import { readFileSync } from "node:fs";
import { join } from "node:path";
import { logDays } from "./constants.ts";
import type { FunctionName } from "./functions.ts";
import { createFunction } from "./lambda.ts";
import type { QueueName } from "./messaging.ts";
import { logicalName, physicalName } from "./naming.ts";
import { type Parts, type SagaName, type Sagas, sagaTypes } from "./parts.ts";
import { type Permission, unscoped } from "./permissions.ts";
import { inlinePolicy, trustOnly } from "./roles.ts";

interface SagaDeclaration {
  readonly definition: string;
  /** What the definition names `${…}`, and the function whose ARN it is. */
  readonly tasks: Readonly<Record<string, FunctionName>>;
  /** Sagas that it starts, by the name that the definition has for their ARN. Declared before it. */
  readonly starts?: Readonly<Record<string, SagaName>>;
  /** Queues that it sends to, by the name that the definition has for their URL. */
  readonly sendsTo?: Readonly<Record<string, QueueName>>;
}

const declarations: { readonly [Name in SagaName]: SagaDeclaration } = {
  payment: {
    definition: "workflows/payment/machine.asl.json",
    tasks: {
      TransferFunctionArn: "TransferTask",
      AuthorizeFunctionArn: "AuthorizeTask",
      ResumeFunctionArn: "ResumeTask",
      PostFunctionArn: "PostTask",
      SettleFunctionArn: "SettleTask",
      CompensateFunctionArn: "CompensateTask",
      ReviewFunctionArn: "ReviewTask",
      RecoverFunctionArn: "RecoverTask",
    },
    sendsTo: { ChecksQueueUrl: "checks" },
  },
  refund: {
    definition: "workflows/refund/machine.asl.json",
    tasks: {
      HoldRefundFunctionArn: "HoldRefundTask",
      GiveBackFunctionArn: "GiveBackTask",
      ReviewRefundFunctionArn: "ReviewRefundTask",
      RecoverFunctionArn: "RecoverTask",
    },
  },
  recovery: {
    definition: "workflows/recovery/machine.asl.json",
    tasks: { RecoverFunctionArn: "RecoverTask" },
    starts: { PaymentSagaArn: "payment", RefundSagaArn: "refund" },
  },
  dispute: {
    definition: "workflows/dispute/machine.asl.json",
    tasks: { DisputeFunctionArn: "DisputeTask" },
  },
  failover: {
    definition: "workflows/failover/machine.asl.json",
    tasks: {
      AdmitFailoverFunctionArn: "AdmitFailover",
      FenceOldRegionFunctionArn: "FenceOldRegion",
      TakePaymentsFunctionArn: "TakePayments",
      TakeAnswersFunctionArn: "TakeAnswers",
      TakeJournalFunctionArn: "TakeJournal",
      TakeAccountsFunctionArn: "TakeAccounts",
      RecountFoldsFunctionArn: "RecountFolds",
      EnableSourcesFunctionArn: "EnableSources",
      OpenRegionFunctionArn: "OpenRegion",
      PromoteBooksFunctionArn: "PromoteBooks",
    },
  },
};

/** The sagas, in the order of their declarations: one may start those before it. */
export function createSagas(parts: Parts): Sagas {
  const created: { [Name in SagaName]?: aws.sfn.StateMachine } = {};
  const tasks = new Map<FunctionName, $util.Output<string>>();
  const taskArn = (name: FunctionName): $util.Output<string> => {
    const arn = tasks.get(name) ?? createFunction(name, parts).arn;
    tasks.set(name, arn);
    return arn;
  };
  for (const name of Object.keys(declarations) as SagaName[]) {
    const { definition, tasks: invoked, starts = {}, sendsTo = {} } = declarations[name];
    created[name] = createSaga(name, definition, {
      functionArns: mapValues(invoked, taskArn),
      sagaArns: mapValues(starts, (other) => startedBy(name, other, created).arn),
      queues: mapValues(sendsTo, (queue) => parts.queues[queue]),
    });
  }
  return created as Sagas;
}

type Arns = Readonly<Record<string, $util.Output<string>>>;

/** What a saga calls, by the names that its definition has for it. */
interface Called {
  readonly functionArns: Arns;
  readonly sagaArns: Arns;
  readonly queues: Readonly<Record<string, aws.sqs.Queue>>;
}

function createSaga(sagaName: SagaName, definitionFile: string, called: Called): aws.sfn.StateMachine {
  const logical = `${logicalName(sagaName)}Saga`;
  const name = physicalName(logicalName(sagaName));
  const logGroup = new aws.cloudwatch.LogGroup(`${logical}LogGroup`, {
    // Under this prefix a log group never runs into the size limit of CloudWatch's resource policy.
    name: `/aws/vendedlogs/states/${name}`,
    retentionInDays: logDays,
  });
  // sst.aws.StepFunctions builds definitions in TypeScript; ours is a file that the laptop runs as it stands.
  return new aws.sfn.StateMachine(logical, {
    name,
    type: sagaTypes[sagaName],
    roleArn: createRole(logical, name, called).arn,
    definition: $util
      .output({ ...called.functionArns, ...called.sagaArns, ...mapValues(called.queues, ({ url }) => url) })
      .apply((names) => fillIn(definitionFile, names)),
    loggingConfiguration: {
      level: "ERROR",
      // Inputs and outputs of steps stay out of the log.
      includeExecutionData: false,
      logDestination: $interpolate`${logGroup.arn}:*`,
    },
    tracingConfiguration: { enabled: true },
  });
}

function startedBy(
  name: SagaName,
  other: SagaName,
  created: { readonly [Name in SagaName]?: aws.sfn.StateMachine },
): aws.sfn.StateMachine {
  const machine = created[other];
  if (machine === undefined)
    throw new Error(`The ${name} saga starts the ${other} saga, which is declared behind it.`);
  return machine;
}

const mapValues = <From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> => Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));

function createRole(
  logical: string,
  machineName: string,
  { functionArns, sagaArns, queues }: Called,
): aws.iam.Role {
  const { accountId } = aws.getCallerIdentityOutput();
  const started = Object.values(sagaArns);
  const sentTo = Object.values(queues).map(({ arn }) => arn);
  const permissions: Permission[] = [
    { actions: ["lambda:InvokeFunction"], resources: Object.values(functionArns) },
    ...(started.length === 0 ? [] : [{ actions: ["states:StartSyncExecution"], resources: started }]),
    ...(sentTo.length === 0 ? [] : [{ actions: ["sqs:SendMessage"], resources: sentTo }]),
    unscoped(
      "logs:CreateLogDelivery",
      "logs:GetLogDelivery",
      "logs:UpdateLogDelivery",
      "logs:DeleteLogDelivery",
      "logs:ListLogDeliveries",
      "logs:PutResourcePolicy",
      "logs:DescribeResourcePolicies",
      "logs:DescribeLogGroups",
    ),
    unscoped(
      "xray:PutTraceSegments",
      "xray:PutTelemetryRecords",
      "xray:GetSamplingRules",
      "xray:GetSamplingTargets",
    ),
  ];
  return new aws.iam.Role(`${logical}Role`, {
    name: `${machineName}-saga`,
    // Step Functions may act for machines of this account only (the "confused deputy").
    assumeRolePolicy: trustOnly("states.amazonaws.com", { StringEquals: { "aws:SourceAccount": accountId } }),
    inlinePolicies: [inlinePolicy(permissions)],
  });
}

/**
 * Reads a definition and puts ARNs and URLs in the place of `${…FunctionArn}`.
 * @throws Error for a name that is not given, or one that the definition does not use.
 */
function fillIn(file: string, names: Readonly<Record<string, string>>): string {
  const used = new Set<string>();
  const text = readFileSync(join($cli.paths.root, file), "utf8").replace(
    /\$\{(\w+)\}/g,
    (_, name: string) => {
      const value = names[name];
      if (value === undefined)
        throw new Error(`${file} names \${${name}}, which stacks/processing.ts does not create.`);
      used.add(name);
      return value;
    },
  );
  const unused = Object.keys(names).filter((name) => !used.has(name));
  if (unused.length > 0)
    throw new Error(`${file} does not use ${unused.join(", ")} of stacks/processing.ts.`);
  return JSON.stringify(JSON.parse(text));
}
