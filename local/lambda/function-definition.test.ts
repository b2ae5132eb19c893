import { expect, test } from "vitest";
import { functionArn, functionResource, planOf } from "#tests/support/handmade-plan.ts";
import { functionArnOf, functionsOf, parseFunctionReference } from "./function-definition.ts";

test("a function is read from the plan, with AWS's defaults for what it leaves out", () => {
  const bare = functionResource("Pay", "lambda-functions.echo", {
    timeout: undefined,
    memorySize: undefined,
  });
  expect(functionsOf(planOf([bare]))).toEqual([
    {
      name: "test-local-Pay",
      arn: functionArn("Pay"),
      logicalName: "Pay",
      handler: "tests/integration/fixtures/lambda-functions.echo",
      roleArn: "arn:aws:iam::123456789012:role/Pay",
      variables: {},
      timeoutSeconds: 3,
      memorySizeMb: 128,
      runtime: "nodejs24.x",
      region: "eu-west-1",
      reservedConcurrency: undefined,
      logGroup: "/aws/lambda/test-local-Pay",
      logFormat: "Text",
      logLevel: undefined,
    },
  ]);
});

test("a function without outputs gets the ARN that AWS would give it", () => {
  const { outputs: _, ...bare } = functionResource("Pay", "lambda-functions.echo");
  expect(functionsOf(planOf([bare]))[0]?.arn).toBe(functionArn("Pay"));
});

test.each([
  ["a runtime other than Node.js", { runtime: "python3.13" }, /Node\.js functions only/],
  ["an image", { packageType: "Image" }, /packageType/],
  ["a variable that AWS reserves", { environment: { variables: { AWS_REGION: "x" } } }, /AWS reserves/],
  ["a timeout over 15 minutes", { timeout: 901 }, /timeout/],
] as const)("a function with %s is refused", (_what, inputs, message) => {
  expect(() => functionsOf(planOf([functionResource("Pay", "x.handler", inputs)]))).toThrow(message);
});

test("a function that names no source file, or the name of another, is refused", () => {
  const { handler: _, ...nameless } = functionResource("Pay", "x.handler");
  expect(() => functionsOf(planOf([nameless]))).toThrow(/names no source file/);
  const twice = [functionResource("Pay", "x.handler"), functionResource("Pay", "y.handler")];
  expect(() => functionsOf(planOf(twice))).toThrow(/two functions of the name/);
});

test.each([
  ["pay", { name: "pay", arn: undefined, qualifier: undefined }],
  ["pay:$LATEST", { name: "pay", arn: undefined, qualifier: "$LATEST" }],
  ["123456789012:function:pay", { name: "pay", arn: undefined, qualifier: undefined }],
  [functionArn("Pay"), { name: "test-local-Pay", arn: functionArn("Pay"), qualifier: undefined }],
  [`${functionArn("Pay")}:live`, { name: "test-local-Pay", arn: functionArn("Pay"), qualifier: "live" }],
])("%s names a function", (text, reference) => {
  expect(parseFunctionReference(text)).toEqual(reference);
});

test.each(["", "a b", "arn:aws:sqs:eu-west-1:123456789012:queue", `${"a".repeat(65)}`, "a:b:c:d"])(
  "%j names no function",
  (text) => {
    expect(parseFunctionReference(text)).toBeUndefined();
  },
);

test("API Gateway's form of a function's ARN is unwrapped", () => {
  const arn = functionArn("Pay");
  expect(
    functionArnOf(`arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${arn}/invocations`),
  ).toBe(arn);
  expect(functionArnOf(arn)).toBe(arn);
});
