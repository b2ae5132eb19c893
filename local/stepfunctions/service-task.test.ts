import { describe, expect, test } from "vitest";
import type { ServiceCall, ServiceOutcome } from "./service-invoker.ts";
import { executionArnOf, machineArn, testService } from "./testing/service.ts";

const requestId = "00000000-0000-4000-8000-000000000000";

function answered(output: Extract<ServiceOutcome, { kind: "answered" }>["output"]): ServiceOutcome {
  const contentType = "application/x-amz-json-1.0";
  return { kind: "answered", statusCode: 200, output, requestId, contentLength: 2, contentType };
}

const refusedWith = (error: string, message: string): ServiceOutcome => ({
  ...{ kind: "refused", statusCode: 400, error, message, requestId },
});

async function runTask(resource: string, parameters: object, outcome: ServiceOutcome | Error) {
  const calls: ServiceCall[] = [];
  const {
    start,
    clock,
    describe: read,
  } = testService(
    { Call: { Type: "Task", Resource: `arn:aws:states:::${resource}`, Arguments: parameters, End: true } },
    {
      call: async (call) => {
        calls.push(call);
        if (outcome instanceof Error) throw outcome;
        return outcome;
      },
    },
  );
  await start("run");
  await clock.advance(1);
  const ended = await read("run");
  const output = ended["output"] === undefined ? undefined : JSON.parse(String(ended["output"]));
  return { call: calls[0], ended, output };
}

test("a call carries the machine's role and where it comes from", async () => {
  const { call } = await runTask(
    "dynamodb:getItem",
    { TableName: "t", Key: { id: { S: "1" } } },
    answered({}),
  );
  expect(call).toEqual({
    service: "dynamodb",
    action: "GetItem",
    parameters: { TableName: "t", Key: { id: { S: "1" } } },
    roleArn: "arn:aws:iam::111111111111:role/machine",
    executionArn: executionArnOf("run"),
    stateName: "Call",
    retryCount: 0,
  });
});

describe("optimized integrations", () => {
  test("show the HTTP metadata beside the result", async () => {
    const item = { id: { S: "1" } };
    const { output } = await runTask("dynamodb:getItem", { TableName: "t" }, answered({ Item: item }));
    expect(output).toMatchObject({
      Item: item,
      SdkHttpMetadata: {
        AllHttpHeaders: { "x-amzn-RequestId": [requestId] },
        HttpHeaders: { "x-amzn-RequestId": requestId, "Content-Type": "application/x-amz-json-1.0" },
        HttpStatusCode: 200,
      },
      SdkResponseMetadata: { RequestId: requestId },
    });
  });

  test.each([
    ["sqs:sendMessage", "SendMessage", { MessageBody: { a: 1 } }, { MessageBody: '{"a":1}' }],
    ["sqs:sendMessage", "SendMessage", { MessageBody: "text" }, { MessageBody: "text" }],
    ["sns:publish", "Publish", { TopicArn: "t", Message: { a: 1 } }, { TopicArn: "t", Message: '{"a":1}' }],
    [
      "states:startExecution",
      "StartExecution",
      { StateMachineArn: machineArn, Input: { a: 1 }, Name: "n" },
      { stateMachineArn: machineArn, input: '{"a":1}', name: "n" },
    ],
    [
      "events:putEvents",
      "PutEvents",
      { Entries: [{ Source: "s", DetailType: "d", Detail: { a: 1 }, Resources: ["r"] }] },
      {
        Entries: [
          {
            Source: "s",
            DetailType: "d",
            Detail: '{"a":1}',
            Resources: ["r", executionArnOf("run"), machineArn],
          },
        ],
      },
    ],
  ])("%s is sent as %s with texts where the API wants texts", async (resource, action, given, sent) => {
    const { call } = await runTask(resource, given, answered({}));
    expect([call?.action, call?.parameters]).toEqual([action, sent]);
  });

  test("states:startExecution shows its members as Step Functions writes them", async () => {
    const { output } = await runTask(
      "states:startExecution",
      { StateMachineArn: machineArn },
      answered({ executionArn: "arn", startDate: 1_767_225_600.123 }),
    );
    expect(output).toMatchObject({ ExecutionArn: "arn", StartDate: 1_767_225_600_123 });
  });

  // In the form that AWS gives them.
  test.each([
    [
      "dynamodb:putItem",
      refusedWith("ConditionalCheckFailedException", "The conditional request failed"),
      "DynamoDB.ConditionalCheckFailedException",
      `The conditional request failed (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; Request ID: ${requestId}; Proxy: null)`,
    ],
    [
      "dynamodb:putItem",
      refusedWith("ValidationException", "bad"),
      "DynamoDB.AmazonDynamoDBException",
      `bad (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: ${requestId}; Proxy: null)`,
    ],
    [
      "sqs:sendMessage",
      refusedWith("MissingParameter", "bad"),
      "SQS.AmazonSQSException",
      `bad (Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter; Request ID: ${requestId}; Proxy: null)`,
    ],
    [
      "sns:publish",
      refusedWith("NotFound", "Topic does not exist"),
      "SNS.NotFoundException",
      `Topic does not exist (Service: AmazonSNS; Status Code: 400; Error Code: NotFound; Request ID: ${requestId}; Proxy: null)`,
    ],
    [
      "states:startExecution",
      refusedWith("StateMachineDoesNotExist", "gone"),
      "StepFunctions.StateMachineDoesNotExistException",
      `gone (Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; Request ID: ${requestId}; Proxy: null)`,
    ],
    [
      "aws-sdk:dynamodb:query",
      refusedWith("ResourceNotFoundException", "gone"),
      "DynamoDb.ResourceNotFoundException",
      `gone (Service: DynamoDb, Status Code: 400, Request ID: ${requestId}) (SDK Attempt Count: 1)`,
    ],
    [
      "aws-sdk:dynamodb:query",
      refusedWith("AccessDeniedException", "no"),
      "DynamoDb.DynamoDbException",
      `no (Service: DynamoDb, Status Code: 400, Request ID: ${requestId}) (SDK Attempt Count: 1)`,
    ],
    ["sqs:sendMessage", new Error("unknown host"), "SQS.SdkClientException", "unknown host"],
  ])("%s fails as AWS says it", async (resource, outcome, error, cause) => {
    const { ended } = await runTask(resource, {}, outcome);
    expect(ended).toMatchObject({ status: "FAILED", error, cause });
  });

  test("events:putEvents fails when one of its entries does, and shows no metadata when none does", async () => {
    const failed = { Entries: [{ ErrorCode: "MalformedDetail" }], FailedEntryCount: 1 };
    const { ended } = await runTask("events:putEvents", { Entries: [] }, answered(failed));
    expect(ended).toMatchObject({ error: "EventBridge.FailedEntry", cause: JSON.stringify(failed) });
    const put = { Entries: [{ EventId: "1" }], FailedEntryCount: 0 };
    const { output } = await runTask("events:putEvents", { Entries: [] }, answered(put));
    expect(output).toEqual(put);
  });
});

describe("aws-sdk integrations", () => {
  test("give the bare result, with dates as texts", async () => {
    const { call, output } = await runTask(
      "aws-sdk:sfn:describeExecution",
      { ExecutionArn: "arn" },
      answered({ startDate: 1_767_225_600, redriveCount: 0, inputDetails: { included: true } }),
    );
    expect(call).toMatchObject({
      service: "states",
      action: "DescribeExecution",
      parameters: { executionArn: "arn" },
    });
    expect(output).toEqual({
      StartDate: "2026-01-01T00:00:00.000Z",
      RedriveCount: 0,
      InputDetails: { Included: true },
    });
  });
});

test("a result of more than 256 KB fails the task", async () => {
  const { ended } = await runTask("dynamodb:getItem", {}, answered({ Item: { big: "x".repeat(262_144) } }));
  expect(ended).toMatchObject({ error: "States.DataLimitExceeded" });
});

test.each([
  "arn:aws:states:::states:startExecution.sync:2",
  "arn:aws:states:::dynamodb:query",
  "arn:aws:states:::aws-sdk:s3:getObject",
])("%s is refused when the machine is created", (resource) => {
  const states = { Call: { Type: "Task", Resource: resource, Arguments: {}, End: true } };
  expect(() => testService(states)).toThrow(`Resource '${resource}' is not run by the local engine`);
});
