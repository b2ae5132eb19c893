import { createHash } from "node:crypto";
import type { Properties } from "./engine.ts";
import { EstateError } from "./errors.ts";

/** The account of every render: the number that AWS's documentation uses. */
export const account = "123456789012";

interface Made {
  readonly type: string;
  /** Logical name. */
  readonly name: string;
  readonly inputs: Properties;
  readonly region: string;
}

/**
 * What AWS would compute for a resource, in the true form, and the same in every render: identifiers that AWS draws
 * at random are derived from the logical name.
 * @throws EstateError for a type that is not listed here: a guessed ARN would go into policies unseen.
 */
export function computedBy(made: Made): Properties {
  const compute = rules[made.type];
  if (compute === undefined) {
    throw new EstateError(
      `${made.type} (${made.name}): say what AWS computes for it in tests/estate/render/computed.ts.`,
    );
  }
  return compute(made);
}

/** Streams are named after the moment of their creation. */
const streamLabel = "2026-01-01T00:00:00.000";

const rules: Readonly<Record<string, (made: Made) => Properties>> = {
  "aws:apigatewayv2/api:Api": ({ name, region }) => {
    const id = lettersOf(name, 10);
    return {
      id,
      arn: `arn:aws:apigateway:${region}::/apis/${id}`,
      apiEndpoint: `https://${id}.execute-api.${region}.amazonaws.com`,
      executionArn: `arn:aws:execute-api:${region}:${account}:${id}`,
    };
  },
  "aws:apigatewayv2/authorizer:Authorizer": ({ name }) => ({ id: lettersOf(name, 6) }),
  "aws:apigatewayv2/integration:Integration": ({ name }) => ({ id: lettersOf(name, 7) }),
  "aws:apigatewayv2/route:Route": ({ name }) => ({ id: lettersOf(name, 7) }),
  "aws:apigatewayv2/stage:Stage": ({ inputs }) => ({ id: text(inputs["name"]) }),
  "aws:cloudwatch/logGroup:LogGroup": (made) => named(made, "logs", "log-group:"),
  "aws:cognito/resourceServer:ResourceServer": ({ inputs }) => ({
    id: `${text(inputs["userPoolId"])}|${text(inputs["identifier"])}`,
  }),
  "aws:cognito/userPool:UserPool": ({ name, region }) => {
    const id = `${region}_${lettersOf(name, 9)}`;
    return {
      id,
      arn: `arn:aws:cognito-idp:${region}:${account}:userpool/${id}`,
      endpoint: `cognito-idp.${region}.amazonaws.com/${id}`,
    };
  },
  "aws:cognito/userPoolDomain:UserPoolDomain": ({ inputs }) => ({ id: text(inputs["domain"]) }),
  "aws:cloudwatch/eventRule:EventRule": (made) => named(made, "events", "rule/"),
  "aws:cloudwatch/eventTarget:EventTarget": ({ name }) => ({ id: name }),
  "aws:dynamodb/table:Table": (made) => {
    const table = named(made, "dynamodb", "table/");
    if (made.inputs["streamEnabled"] !== true) return table;
    return { ...table, streamArn: `${table.arn}/stream/${streamLabel}` };
  },
  "aws:iam/role:Role": ({ inputs }) => {
    const id = text(inputs["name"]);
    return { id, arn: `arn:aws:iam::${account}:role/${id}` };
  },
  "aws:kms/alias:Alias": ({ inputs, region }) => {
    const id = text(inputs["name"]);
    return { id, arn: `arn:aws:kms:${region}:${account}:${id}` };
  },
  "aws:kms/key:Key": ({ name, region }) => {
    const id = uuidOf(name);
    return { id, keyId: id, arn: `arn:aws:kms:${region}:${account}:key/${id}` };
  },
  "aws:kinesis/stream:Stream": (made) => named(made, "kinesis", "stream/"),
  "aws:lambda/eventSourceMapping:EventSourceMapping": ({ name }) => ({ id: uuidOf(name) }),
  "aws:lambda/function:Function": (made) => {
    const { id, arn } = named(made, "lambda", "function:");
    const invokeArn = `arn:aws:apigateway:${made.region}:lambda:path/2015-03-31/functions/${arn}/invocations`;
    return { id, arn, invokeArn };
  },
  "aws:lambda/permission:Permission": ({ name }) => ({ id: name }),
  "aws:s3/bucket:Bucket": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketPolicy:BucketPolicy": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": ({ inputs }) =>
    bucketNamed(inputs),
  "aws:s3/bucketVersioning:BucketVersioning": ({ inputs }) => bucketNamed(inputs),
  "aws:s3/bucketObjectv2:BucketObjectv2": ({ inputs }) => ({ id: text(inputs["key"]) }),
  "aws:sfn/stateMachine:StateMachine": (made) => {
    const { arn } = named(made, "states", "stateMachine:");
    return { id: arn, arn };
  },
  "aws:sqs/queue:Queue": (made) => {
    const { id: name, arn } = named(made, "sqs", "");
    const url = `https://sqs.${made.region}.amazonaws.com/${account}/${name}`;
    return { id: url, url, arn };
  },
  "aws:sqs/queuePolicy:QueuePolicy": ({ inputs }) => ({ id: text(inputs["queueUrl"]) }),
  "random:index/randomBytes:RandomBytes": ({ inputs }) => ({
    id: "random",
    base64: Buffer.alloc(Number(inputs["length"])).toString("base64"),
  }),
};

/** Id and ARN of what AWS identifies by the name that we give it. */
function named(
  { inputs, region }: Made,
  service: string,
  prefix: string,
): { readonly id: string; readonly arn: string } {
  const id = text(inputs["name"]);
  return { id, arn: `arn:aws:${service}:${region}:${account}:${prefix}${id}` };
}

/** What belongs to a bucket has the bucket's name as its id. */
function bucketNamed({ bucket }: Properties): Properties {
  const id = text(bucket);
  return { id, bucket: id, arn: `arn:aws:s3:::${id}` };
}

function text(value: unknown): string {
  if (typeof value !== "string" || value === "")
    throw new EstateError(`Not a name: ${JSON.stringify(value)}.`);
  return value;
}

function hashOf(name: string): string {
  return createHash("sha256").update(name).digest("hex");
}

/** `count` letters, 1 to 64, that depend on the name alone. */
function lettersOf(name: string, count: number): string {
  const letters = [...hashOf(name)].map((digit) => "abcdefghjkmnpqrs".charAt(Number.parseInt(digit, 16)));
  return letters.slice(0, count).join("");
}

function uuidOf(name: string): string {
  const hex = hashOf(name);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join("-");
}
