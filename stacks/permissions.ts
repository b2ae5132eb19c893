import {
  ownerPermissions,
  ownerVariables,
  promotionPermissions,
  promotionVariables,
} from "./books-global.ts";
import { type EventSource, sourceArnOf } from "./consumers.ts";
import { fencePermissions, fenceVariables, sourcePermissions, sourceVariables } from "./failover.ts";
import type {
  BucketUse,
  FunctionDeclaration,
  FunctionKey,
  KeyUse,
  TableUse,
} from "./function-declaration.ts";
import { functions } from "./functions.ts";
import { physicalName } from "./naming.ts";
import type { TopicName } from "./news.ts";
import type { Parts, SagaName, Sagas } from "./parts.ts";
import type { BucketName } from "./storage.ts";
import { loadPermissions, loadVariables } from "./warehouse-load.ts";

/** One statement of an IAM policy, as SST and Pulumi's policy documents both take it. */
export interface Permission {
  readonly actions: string[];
  readonly resources: $util.Input<string>[];
  readonly conditions?: { test: string; variable: string; values: $util.Input<string>[] }[];
}

const tableActions: { readonly [Use in TableUse["may"][number]]: string } = {
  get: "dynamodb:GetItem",
  batchGet: "dynamodb:BatchGetItem",
  put: "dynamodb:PutItem",
  batchWrite: "dynamodb:BatchWriteItem",
  update: "dynamodb:UpdateItem",
  delete: "dynamodb:DeleteItem",
  query: "dynamodb:Query",
  scan: "dynamodb:Scan",
  // In a transaction: a condition on an item that it does not write.
  check: "dynamodb:ConditionCheckItem",
};

const bucketActions: { readonly [Use in BucketUse]: string } = {
  get: "s3:GetObject",
  put: "s3:PutObject",
  list: "s3:ListBucket",
};

/** What Lambda does in a function's name to bring it the batches of a source. */
const readingActions: { readonly [Kind in EventSource["from"]]: readonly string[] } = {
  queue: ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
  table: ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
  stream: [
    "kinesis:DescribeStream",
    "kinesis:DescribeStreamSummary",
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:ListShards",
  ],
};

const readingBackActions = {
  table: ["dynamodb:GetRecords", "dynamodb:GetShardIterator"],
  stream: ["kinesis:GetRecords", "kinesis:GetShardIterator"],
};

const keyActions: { readonly [Use in KeyUse]: string } = {
  generateDataKey: "kms:GenerateDataKey",
  decrypt: "kms:Decrypt",
  generateMac: "kms:GenerateMac",
};

/** Every use of the vault key names whose card it is and of which key epoch: KMS seals both into the ciphertext. */
const vaultEncryptionContext = ["merchant", "epoch"];

/** Actions that AWS cannot limit to a resource, with the reason. No other action is ever granted on `*`. */
const unscopedActions: Readonly<Record<string, string>> = {
  "cloudwatch:PutMetricData": "metrics have no resource: a condition names the namespace",
  "s3:ListAllMyBuckets": "Synthetics looks its bucket up in the account's list",
  "xray:PutTraceSegments": "X-Ray has no resource for segments",
  "xray:PutTelemetryRecords": "X-Ray has no resource for telemetry",
  "xray:GetSamplingRules": "X-Ray reads all sampling rules of the account at once",
  "xray:GetSamplingTargets": "X-Ray reads all sampling targets of the account at once",
  "logs:CreateLogDelivery": "log deliveries have no resource type",
  "logs:GetLogDelivery": "log deliveries have no resource type",
  "logs:UpdateLogDelivery": "log deliveries have no resource type",
  "logs:DeleteLogDelivery": "log deliveries have no resource type",
  "logs:ListLogDeliveries": "log deliveries have no resource type",
  "logs:PutResourcePolicy": "resource policies of CloudWatch Logs belong to the account",
  "logs:DescribeResourcePolicies": "resource policies of CloudWatch Logs belong to the account",
  "logs:DescribeLogGroups": "Step Functions and flow logs look their log group up in the account's list",
  "lambda:ListEventSourceMappings":
    "Lambda lists event source mappings of the account, whatever it is asked for",
  "sns:GetSubscriptionAttributes": "SNS has no resource for subscriptions",
  "sns:Unsubscribe": "SNS has no resource for subscriptions",
  "kinesis:ListStreams":
    "Kinesis lists the streams of an account; the warehouse looks up the one that it reads",
  "redshift-data:DescribeStatement": "statements have no resource: who started one is who may look at it",
  "redshift-data:GetStatementResult": "statements have no resource: who started one is who may look at it",
  "ec2:DescribeDhcpOptions":
    "EC2 describes without regard to resources; CodeBuild and CloudShell look up their network",
  "ec2:DescribeNetworkInterfaces":
    "EC2 describes without regard to resources; CodeBuild and CloudShell look up their network",
  "ec2:DescribeSecurityGroups":
    "EC2 describes without regard to resources; CodeBuild and CloudShell look up their network",
  "ec2:DescribeSubnets":
    "EC2 describes without regard to resources; CodeBuild and CloudShell look up their network",
  "ec2:DescribeVpcs":
    "EC2 describes without regard to resources; CodeBuild and CloudShell look up their network",
  "cloudshell:CreateEnvironment": "a shell that is not yet there has no name: conditions say where it may be",
  "cloudshell:DescribeEnvironments": "CloudShell lists the shells of whoever asks",
  "ec2:DescribeVolumes":
    "EC2 describes without regard to resources; the cluster's log agent looks up volumes",
  "ec2:DescribeTags": "EC2 describes without regard to resources; the cluster's log agent looks up its node",
};

/**
 * Grants actions on every resource.
 * @throws Error for an action without a written reason.
 */
export function unscoped(...actions: string[]): Permission {
  const unexplained = actions.filter((action) => !(action in unscopedActions));
  if (unexplained.length > 0) {
    throw new Error(`${unexplained.join(", ")}: granted on "*" without a reason (stacks/permissions.ts).`);
  }
  return { actions, resources: ["*"] };
}

/** Writing to one log group, for a principal whose log group is created with it. */
export function writeLogs(logGroupName: string, settings: Parts["settings"]): Permission {
  const { accountId } = aws.getCallerIdentityOutput();
  return {
    actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
    resources: [$interpolate`arn:aws:logs:${settings.region}:${accountId}:log-group:${logGroupName}:*`],
  };
}

/** What the declaration needs, and nothing else. */
export function permissionsOf(declaration: FunctionDeclaration, parts: Parts): Permission[] {
  return [
    ...entries(declaration.tables).flatMap(([name, use]) => tablePermissions(name, use, parts)),
    ...entries(declaration.keys).map(([name, uses]) => keyPermission(name, uses, parts)),
    ...(declaration.sendsTo ?? []).map((name) => ({
      actions: ["sqs:SendMessage"],
      resources: [parts.queues[name].arn],
    })),
    ...(declaration.putsOn ?? []).map((name) => ({
      actions: ["kinesis:PutRecords"],
      resources: [parts.streams[name].arn],
    })),
    ...(declaration.publishesTo ?? []).flatMap((name) => publishingPermissions(name, parts)),
    ...(declaration.subscribesTo ?? []).flatMap((name) => [
      {
        actions: ["sns:Subscribe"],
        resources: [parts.topics[name].arn],
        // People: no queue, no function and no server of anybody's.
        conditions: [{ test: "StringEquals", variable: "sns:Protocol", values: ["email", "sms"] }],
      },
      unscoped("sns:GetSubscriptionAttributes", "sns:Unsubscribe"),
    ]),
    ...entries(declaration.buckets).flatMap(([name, uses]) => bucketPermissions(name, uses, parts)),
    ...(declaration.readsBack ?? []).map((source) => ({
      actions: readingBackActions[source.from],
      resources: [sourceArnOf(source, parts)],
    })),
    ...(declaration.consumes === undefined ? [] : consumerPermissions(declaration.consumes, parts)),
    ...(declaration.invokes === undefined ? [] : [invocationOf(declaration.invokes, parts)]),
    ...(declaration.redrives ?? []).flatMap((name) => redrivePermissions(sagaOf(name, parts.sagas))),
    ...(declaration.describes ?? []).map((name) => ({
      actions: ["states:DescribeExecution"],
      resources: [executionsOf(sagaOf(name, parts.sagas))],
    })),
    ...(declaration.registersClients
      ? [{ actions: ["cognito-idp:CreateUserPoolClient"], resources: [parts.userPool.arn] }]
      : []),
    ...(declaration.promotes === "fences" ? fencePermissions(parts.settings) : []),
    ...(declaration.promotes === "enables" && parts.settings.pair !== undefined
      ? [unscoped("lambda:ListEventSourceMappings"), ...sourcePermissions(parts.settings)]
      : []),
    ...(declaration.promotes === "books" ? promotionPermissions(parts) : []),
    ...(declaration.rotates === undefined ? [] : ownerPermissions(parts)),
    ...(declaration.loads === undefined ? [] : loadPermissions(parts)),
    ...(declaration.starts ?? []).map((name) => ({
      actions: ["states:StartExecution"],
      resources: [sagaOf(name, parts.sagas).arn],
    })),
    ...(declaration.awaits ?? []).map((name) => ({
      actions: ["states:StartSyncExecution", "states:StartExecution"],
      resources: [sagaOf(name, parts.sagas).arn],
    })),
  ];
}

/** Executions have the name of their machine in their ARN, and their own, which is not known before. */
const executionsOf = ({ arn }: Sagas[SagaName]): $util.Output<string> =>
  arn.apply((machine) => `${machine.replace(":stateMachine:", ":execution:")}:*`);

function redrivePermissions(saga: Sagas[SagaName]): Permission[] {
  return [
    { actions: ["states:RedriveExecution"], resources: [executionsOf(saga)] },
    { actions: ["states:StartExecution"], resources: [saga.arn] },
  ];
}

/** By name: functions that invoke each other could not be created one after the other. */
function invocationOf(names: readonly string[], { settings }: Parts): Permission {
  const { accountId } = aws.getCallerIdentityOutput();
  const resources = names.map((name) => {
    if (!(name in functions))
      throw new Error(`There is no function ${name} to be invoked (stacks/functions.ts).`);
    return $interpolate`arn:aws:lambda:${settings.region}:${accountId}:function:${physicalName(name)}`;
  });
  return { actions: ["lambda:InvokeFunction"], resources };
}

/** SNS encrypts in the publisher's name; through SNS is the only way to the key. */
function publishingPermissions(name: TopicName, { topics, keys, settings }: Parts): Permission[] {
  return [
    { actions: ["sns:Publish"], resources: [topics[name].arn] },
    {
      actions: ["kms:GenerateDataKey", "kms:Decrypt"],
      resources: [keys[name].arn],
      conditions: [
        {
          test: "StringEquals",
          variable: "kms:ViaService",
          values: [`sns.${settings.region}.amazonaws.com`],
        },
      ],
    },
  ];
}

/** `s3:ListBucket` is about the bucket, the others are about its objects. */
function bucketPermissions(name: BucketName, uses: readonly BucketUse[], { buckets }: Parts): Permission[] {
  const bucket = buckets[name];
  return uses.map((use) => ({
    actions: [bucketActions[use]],
    resources: [use === "list" ? bucket.arn : $interpolate`${bucket.arn}/*`],
  }));
}

/** Reading the source, and sending what is given up to the dead letters: both are done in the function's name. */
function consumerPermissions(source: EventSource, parts: Parts): Permission[] {
  const reads = { actions: [...readingActions[source.from]], resources: [sourceArnOf(source, parts)] };
  if (source.from === "queue") return [reads];
  const lists = {
    actions: ["dynamodb:ListStreams"],
    resources: [$interpolate`${sourceArnOf(source, parts)}`],
  };
  const givesUp = { actions: ["sqs:SendMessage"], resources: [parts.queues.deadLetters.arn] };
  return source.from === "table" ? [reads, lists, givesUp] : [reads, givesUp];
}

/** Where money is written: each write carries the epoch of its function (adapters/dynamodb/fence.ts). */
const fencedTables = ["payments", "ledger"] as const;

/** The variables that the declaration's tables, keys, sagas and settings put into the function's environment. */
export function environmentOf(
  declaration: FunctionDeclaration,
  parts: Parts,
): Record<string, $util.Input<string>> {
  const { settings, tables, keys, queues, streams, topics, buckets, sagas } = parts;
  const values = {
    ACQUIRERS: JSON.stringify(settings.acquirers),
    TOKEN_ISSUER: parts.tokenIssuer,
    PUBLIC_URL: parts.publicUrl,
    ORIGIN_SECRETS: parts.originSecrets?.accepted,
    ...parts.acquirerSecrets,
  };
  return Object.fromEntries<$util.Input<string>>([
    ...entries(declaration.tables).map(([name]) => [`${upperSnake(name)}_TABLE`, tables[name].name] as const),
    ...((declaration.knowsEpoch ?? fencedTables.some((name) => declaration.tables?.[name] !== undefined))
      ? [["EPOCH", String(settings.epoch)] as const]
      : []),
    ...entries(declaration.keys).map(([name]) => [`${upperSnake(name)}_KEY_ARN`, keys[name].arn] as const),
    ...(declaration.sendsTo ?? []).map(
      (name) => [`${upperSnake(name)}_QUEUE_URL`, queues[name].url] as const,
    ),
    ...(declaration.putsOn ?? []).map((name) => [`${upperSnake(name)}_STREAM`, streams[name].name] as const),
    ...[...(declaration.publishesTo ?? []), ...(declaration.subscribesTo ?? [])].map(
      (name) => [`${upperSnake(name)}_TOPIC_ARN`, topics[name].arn] as const,
    ),
    ...entries(declaration.buckets).map(
      ([name]) => [`${upperSnake(name)}_BUCKET`, buckets[name].bucket] as const,
    ),
    ...[...(declaration.describes ?? []), ...(declaration.starts ?? []), ...(declaration.awaits ?? [])].map(
      (name) => [`${upperSnake(name)}_SAGA_ARN`, sagaOf(name, sagas).arn] as const,
    ),
    ...(declaration.promotes === "fences" ? Object.entries(fenceVariables(settings)) : []),
    ...(declaration.promotes === "enables" ? Object.entries(sourceVariables(settings)) : []),
    ...(declaration.promotes === "books" ? Object.entries(promotionVariables(parts)) : []),
    ...(declaration.rotates === undefined ? [] : Object.entries(ownerVariables(parts))),
    ...(declaration.loads === undefined ? [] : Object.entries(loadVariables(parts))),
    ...(declaration.registersClients ? [["USER_POOL_ID", parts.userPool.id] as const] : []),
    ...(declaration.variables ?? []).flatMap((name) => {
      const value = values[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  ]);
}

function tablePermissions(name: keyof Parts["tables"], use: TableUse, parts: Parts): Permission[] {
  const table = parts.tables[name];
  const fences = entries(use.onlyUnder);
  const fenced = fences.map(([verb]): TableUse["may"][number] => verb);
  const free = use.may.filter((verb) => !fenced.includes(verb)).map((verb) => tableActions[verb]);
  const permissions: Permission[] = [
    ...(free.length === 0
      ? []
      : [
          {
            actions: free,
            resources: [table.arn],
            ...(use.onlyAttributes && { conditions: onlyAttributes(use.onlyAttributes) }),
          },
        ]),
    ...fences.map(([verb, partitions]) => ({
      actions: [tableActions[verb]],
      resources: [table.arn],
      conditions: onlyUnder(partitions),
    })),
  ];
  if (use.mayQueryIndexes !== undefined) {
    const resources = use.mayQueryIndexes.map((index) => $interpolate`${table.arn}/index/${index}`);
    permissions.push({ actions: [tableActions.query], resources });
  }
  if (name === "vault") permissions.push(openVaultTable(parts));
  return permissions;
}

/**
 * `dynamodb:Attributes` holds the attributes that a request names. A read that names none asks for all, and "for all
 * values" of nothing is true: `dynamodb:Select` is what refuses that read.
 */
export function onlyAttributes(names: readonly string[]): NonNullable<Permission["conditions"]> {
  return [
    { test: "ForAllValues:StringEquals", variable: "dynamodb:Attributes", values: [...names] },
    { test: "StringEquals", variable: "dynamodb:Select", values: ["SPECIFIC_ATTRIBUTES"] },
  ];
}

/** "For all values" of nothing is true: a write that named no key would pass by the first line alone. */
export function onlyUnder(partitions: readonly string[]): NonNullable<Permission["conditions"]> {
  const variable = "dynamodb:LeadingKeys";
  return [
    { test: "ForAllValues:StringLike", variable, values: [...partitions] },
    { test: "Null", variable, values: ["false"] },
  ];
}

/** DynamoDB opens a table under a customer's key in the name of each caller; through DynamoDB is the only way in. */
function openVaultTable({ keys, settings }: Parts): Permission {
  return {
    actions: ["kms:Decrypt"],
    resources: [keys.vaultTable.arn],
    conditions: [
      {
        test: "StringEquals",
        variable: "kms:ViaService",
        values: [`dynamodb.${settings.region}.amazonaws.com`],
      },
    ],
  };
}

function keyPermission(name: FunctionKey, uses: readonly KeyUse[], { keys }: Parts): Permission {
  const conditions =
    name === "vault"
      ? // "Null is false": the request's context has the entry, whatever its value.
        vaultEncryptionContext.map((entry) => ({
          test: "Null",
          variable: `kms:EncryptionContext:${entry}`,
          values: ["false"],
        }))
      : [{ test: "StringEquals", variable: "kms:MacAlgorithm", values: ["HMAC_SHA_256"] }];
  return { actions: uses.map((use) => keyActions[use]), resources: [keys[name].arn], conditions };
}

function sagaOf(name: SagaName, sagas: Sagas | undefined): Sagas[SagaName] {
  if (sagas === undefined) throw new Error(`A task of a saga cannot start the ${name} saga.`);
  return sagas[name];
}

/** `deadLetters` is `DEAD_LETTERS`. */
const upperSnake = (name: string): string => name.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();

/** `Object.entries` without losing the names of the keys, and without what is undefined. */
function entries<Name extends string, Value>(record: { readonly [N in Name]?: Value } = {}): [Name, Value][] {
  return Object.entries(record).filter((entry): entry is [Name, Value] => entry[1] !== undefined);
}
