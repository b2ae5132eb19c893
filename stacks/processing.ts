import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createFunction } from "./lambda.ts";
import { physicalName } from "./naming.ts";
import type { Parts } from "./parts.ts";
import { type Permission, unscoped } from "./permissions.ts";
import { trustOnly } from "./roles.ts";

const logRetentionDays = 365;
const paymentDefinition = "workflows/payment/machine.asl.json";

/** The payment saga, Express: the caller waits for the outcome, at about a dollar per million payments. */
export function createPaymentSaga(parts: Parts): aws.sfn.StateMachine {
  const tasks = {
    AuthorizeFunctionArn: createFunction("AuthorizeTask", parts).arn,
    PostFunctionArn: createFunction("PostTask", parts).arn,
    SettleFunctionArn: createFunction("SettleTask", parts).arn,
    CompensateFunctionArn: createFunction("CompensateTask", parts).arn,
    ReviewFunctionArn: createFunction("ReviewTask", parts).arn,
  };
  const name = physicalName("Payment");
  const logGroup = new aws.cloudwatch.LogGroup("PaymentSagaLogGroup", {
    // Under this prefix a log group never runs into the size limit of CloudWatch's resource policy.
    name: `/aws/vendedlogs/states/${name}`,
    retentionInDays: logRetentionDays,
  });
  // sst.aws.StepFunctions builds definitions in TypeScript; ours is a file that the laptop runs as it stands.
  return new aws.sfn.StateMachine("PaymentSaga", {
    name,
    type: "EXPRESS",
    roleArn: createRole("PaymentSaga", name, Object.values(tasks)).arn,
    definition: $util.output(tasks).apply((arns) => fillIn(paymentDefinition, arns)),
    loggingConfiguration: {
      level: "ERROR",
      // Inputs and outputs of steps stay out of the log.
      includeExecutionData: false,
      logDestination: $interpolate`${logGroup.arn}:*`,
    },
    tracingConfiguration: { enabled: true },
  });
}

function createRole(logical: string, machineName: string, tasks: $util.Output<string>[]): aws.iam.Role {
  const { accountId } = aws.getCallerIdentityOutput();
  const permissions: Permission[] = [
    { actions: ["lambda:InvokeFunction"], resources: tasks },
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
    inlinePolicies: [
      { name: "inline", policy: aws.iam.getPolicyDocumentOutput({ statements: permissions }).json },
    ],
  });
}

/**
 * Reads a definition and puts the ARNs in the place of `${…FunctionArn}`.
 * @throws Error for a name that has no ARN, or an ARN that the definition does not use.
 */
function fillIn(file: string, arns: Readonly<Record<string, string>>): string {
  const used = new Set<string>();
  const text = readFileSync(join($cli.paths.root, file), "utf8").replace(
    /\$\{(\w+)\}/g,
    (_, name: string) => {
      const arn = arns[name];
      if (arn === undefined)
        throw new Error(`${file} names \${${name}}, which stacks/processing.ts does not create.`);
      used.add(name);
      return arn;
    },
  );
  const unused = Object.keys(arns).filter((name) => !used.has(name));
  if (unused.length > 0)
    throw new Error(`${file} does not use ${unused.join(", ")} of stacks/processing.ts.`);
  return JSON.stringify(JSON.parse(text));
}
