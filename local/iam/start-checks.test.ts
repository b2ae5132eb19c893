import { describe, expect, test } from "vitest";
import { mappingResource } from "#tests/support/event-harness.ts";
import {
  functionArn,
  functionResource,
  opensFunction,
  opensQueue,
  planOf,
  queueArn,
  resource,
  roleArnOf,
  roleResource,
  topicArn,
} from "#tests/support/handmade-plan.ts";
import { deliveryResource } from "#tests/support/planned-delivery.ts";
import type { PlanResource } from "../plan/plan.ts";
import { Guard } from "./guard.ts";
import { checkDeployable, undeliverableIn } from "./start-checks.ts";

const place = "eu-west-1:123456789012";
const api = `arn:aws:execute-api:${place}:Api`;
const rule = `arn:aws:events:${place}:rule/paid`;
const apiResources = [
  resource("aws:apigatewayv2/api:Api", "Api", { name: "api", protocolType: "HTTP" }),
  resource("aws:apigatewayv2/stage:Stage", "Stage", { apiId: "Api", name: "$default" }),
];
const route = (routeKey: string, more: object = {}) => [
  resource("aws:apigatewayv2/integration:Integration", "Calls", {
    ...{
      apiId: "Api",
      integrationType: "AWS_PROXY",
      integrationUri: functionArn("Fn"),
      payloadFormatVersion: "2.0",
    },
  }),
  resource("aws:apigatewayv2/route:Route", "Route", {
    apiId: "Api",
    routeKey,
    target: "integrations/Calls",
    ...more,
  }),
];
const authorizer = resource("aws:apigatewayv2/authorizer:Authorizer", "Bearer", {
  ...{ apiId: "Api", name: "bearer", authorizerType: "REQUEST", authorizerUri: functionArn("Auth") },
  ...{ authorizerPayloadFormatVersion: "2.0", enableSimpleResponses: true, authorizerResultTtlInSeconds: 0 },
});
const target = (inputs: object) => [
  resource("aws:cloudwatch/eventRule:EventRule", "Paid", { name: "paid", eventPattern: '{"source":["a"]}' }),
  resource("aws:cloudwatch/eventTarget:EventTarget", "PaidTarget", { rule: "paid", ...inputs }),
];
const schedule = (arn: string) =>
  resource("aws:scheduler/schedule:Schedule", "Nightly", {
    ...{ name: "nightly", scheduleExpression: "rate(1 day)", target: { arn, roleArn: roleArnOf("clock") } },
  });
const subscription = (inputs: object) => [
  resource("aws:sns/topic:Topic", "News", { name: "news" }),
  resource("aws:sns/topicSubscription:TopicSubscription", "Sub", { topic: topicArn("news"), ...inputs }),
];
const grave = { redrivePolicy: JSON.stringify({ deadLetterTargetArn: queueArn("dead") }) };

const lines = (...resources: readonly PlanResource[]) => {
  const plan = planOf([...apiResources, ...resources]);
  return undeliverableIn(plan, new Guard(plan));
};

test.each<[string, readonly PlanResource[], readonly PlanResource[], string]>([
  [
    "a route",
    [...route("GET /a/{id}"), opensFunction("Fn", "apigateway", `${api}/*/POST/a/*`)],
    [opensFunction("Fn", "apigateway", `${api}/*/GET/a/{id}`)],
    `the route GET /a/{id} does not reach ${functionArn("Fn")}, here as on AWS: let apigateway.amazonaws.com do lambda:InvokeFunction for ${api}/$default/GET/a/{id} in the policy of ${functionArn("Fn")}`,
  ],
  [
    "an authorizer",
    [
      ...route("$default", { authorizationType: "CUSTOM", authorizerId: "Bearer" }),
      authorizer,
      opensFunction("Fn", "apigateway", `${api}/*`),
    ],
    [opensFunction("Auth", "apigateway", `${api}/authorizers/Bearer`)],
    `the authorizer bearer does not reach ${functionArn("Auth")}`,
  ],
  [
    "a rule",
    target({ arn: queueArn("paid") }),
    [opensQueue("paid", "events", rule)],
    `the rule paid does not reach ${queueArn("paid")}`,
  ],
  [
    "a rule's dead-letter queue",
    [
      ...target({ arn: functionArn("Fn"), deadLetterConfig: { arn: queueArn("dead") } }),
      opensFunction("Fn", "events", rule),
    ],
    [opensQueue("dead", "events", rule)],
    `the rule paid does not reach ${queueArn("dead")}`,
  ],
  [
    "a schedule",
    [schedule(queueArn("nightly"))],
    [roleResource("clock", ["sqs:SendMessage"], [queueArn("nightly")])],
    `the schedule nightly does not reach ${queueArn("nightly")}, here as on AWS: grant ${roleArnOf("clock")} sqs:SendMessage on`,
  ],
  [
    "a subscription",
    subscription({ protocol: "lambda", endpoint: functionArn("Fn") }),
    [opensFunction("Fn", "sns", topicArn("news"))],
    `the subscription ${topicArn("news")}:Sub does not reach ${functionArn("Fn")}`,
  ],
  [
    "a subscription's dead-letter queue",
    [
      ...subscription({ protocol: "sqs", endpoint: queueArn("q"), ...grave }),
      opensQueue("q", "sns", topicArn("news")),
    ],
    [opensQueue("dead", "sns", topicArn("news"))],
    `the subscription ${topicArn("news")}:Sub does not reach ${queueArn("dead")}`,
  ],
])(
  "%s that its target does not let in is said by name, with what to add",
  (_what, planned, opening, words) => {
    expect(lines(...planned)).toEqual([expect.stringContaining(words)]);
    expect(lines(...planned, ...opening)).toEqual([]);
  },
);

test("a rule puts events on a bus without a policy, and mail needs none", () => {
  expect(lines(...target({ arn: `arn:aws:events:${place}:event-bus/default` }))).toEqual([]);
  expect(lines(...subscription({ protocol: "email", endpoint: "a@b.example" }))).toEqual([]);
});

describe("what AWS would not deploy is refused:", () => {
  const refusal = (...resources: readonly PlanResource[]) => {
    const plan = planOf(resources);
    return () => checkDeployable(plan, new Guard(plan));
  };
  const told = { bucket: "files", queues: [{ queueArn: queueArn("files"), events: ["s3:ObjectCreated:*"] }] };
  const notification = resource("aws:s3/bucketNotification:BucketNotification", "Told", told);
  const sends = roleResource("Fn", ["sqs:SendMessage"], [queueArn("dead")]);
  const reads = [
    "kinesis:GetRecords",
    "kinesis:GetShardIterator",
    "kinesis:DescribeStream",
    "kinesis:ListShards",
  ];
  const mapping = mappingResource("Orders", {
    ...{ eventSourceArn: `arn:aws:kinesis:${place}:stream/orders`, functionName: "test-local-Fn" },
    ...{ startingPosition: "LATEST", destinationConfig: { onFailure: { destinationArn: queueArn("dead") } } },
  });
  const failing = functionResource("Fn", "lambda-functions.echo", {
    deadLetterConfig: { targetArn: queueArn("dead") },
  });
  const config = resource("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", "Outcomes", {
    ...{ functionName: "test-local-Fn", destinationConfig: { onSuccess: { destination: queueArn("dead") } } },
  });
  const plain = functionResource("Fn", "lambda-functions.echo");
  const delivery = (to: object = {}) =>
    deliveryResource("events", "orders", { bucketArn: "arn:aws:s3:::files", ...to });
  const columned = [
    delivery({
      dataFormatConversionConfiguration: {
        inputFormatConfiguration: { deserializer: { openXJsonSerDe: {} } },
        outputFormatConfiguration: { serializer: { parquetSerDe: {} } },
        schemaConfiguration: {
          ...{ roleArn: roleArnOf("courier"), databaseName: "lake", tableName: "orders" },
        },
      },
    }),
    resource("aws:glue/catalogTable:CatalogTable", "Orders", {
      ...{ name: "orders", databaseName: "lake" },
      storageDescriptor: { columns: [{ name: "id", type: "string" }] },
    }),
  ];
  const tableReads = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"];
  const words = "The provided execution role does not have permissions to call SendMessage on SQS";

  test.each<[string, readonly PlanResource[], readonly PlanResource[], string]>([
    [
      "a bucket's notification whose target does not let S3 in",
      [notification],
      [notification, opensQueue("files", "s3", "arn:aws:s3:::files")],
      "the notifications of the bucket files: Unable to validate the following destination configurations (let s3.amazonaws.com do sqs:SendMessage for arn:aws:s3:::files",
    ],
    ["a dead-letter queue", [failing, roleResource("Fn")], [failing, sends], `the function Fn: ${words}`],
    [
      "a destination",
      [plain, config, roleResource("Fn")],
      [plain, config, sends],
      `the function Fn: ${words}`,
    ],
    [
      "a mapping's destination",
      [plain, mapping, roleResource("Fn", reads)],
      [plain, mapping, roleResource("Fn", ["sqs:SendMessage", ...reads])],
      `the event source mapping Orders: ${words}`,
    ],
    [
      "a delivery whose role may not read the stream",
      [delivery(), roleResource("courier", reads.slice(1))],
      [delivery(), roleResource("courier", reads)],
      `the delivery stream events: Role ${roleArnOf("courier")} is not authorized to perform: kinesis:GetRecords on resource arn:aws:kinesis:${place}:stream/orders. (grant`,
    ],
    [
      "a delivery whose role may not read the table",
      [...columned, roleResource("courier", [...reads, ...tableReads.slice(1)])],
      [...columned, roleResource("courier", [...reads, ...tableReads])],
      "the delivery stream events: Access was denied when calling Glue.",
    ],
  ])("%s", (_what, refused, deployable, message) => {
    expect(refusal(...refused)).toThrow(`AWS would not deploy the plan: ${message}`);
    expect(refusal(...deployable)).not.toThrow();
  });
});
