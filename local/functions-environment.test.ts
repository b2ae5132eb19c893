import { expect, test } from "vitest";
import { CredentialRegistry } from "./door/credentials.ts";
import { functionEnvironments } from "./functions-environment.ts";
import type { FunctionDefinition } from "./lambda/function-definition.ts";

const definition = (logicalName: string, variables: Record<string, string> = {}): FunctionDefinition => ({
  name: `tallystick-local-${logicalName}`,
  arn: `arn:aws:lambda:eu-west-1:123456789012:function:${logicalName}`,
  logicalName,
  handler: "functions/x.handler",
  roleArn: `arn:aws:iam::123456789012:role/${logicalName}`,
  variables,
  timeoutSeconds: 3,
  memorySizeMb: 128,
  runtime: "nodejs24.x",
  region: "eu-west-1",
  reservedConcurrency: undefined,
  logGroup: "/aws/lambda/x",
  logFormat: "JSON",
  logLevel: undefined,
});
const hosts = new Map([["https://alpha.acquirer.test", "http://127.0.0.1:4001"]]);

test("a function signs as its own role, at the door, with the hosts of this machine", () => {
  const credentials = new CredentialRegistry();
  const environmentOf = functionEnvironments(credentials, "http://127.0.0.1:4566", hosts);
  const post = environmentOf(
    definition("PostTaskFunction", { ACQUIRER: "https://alpha.acquirer.test/v1", TABLE: "payments" }),
  );
  expect(post).toMatchObject({
    AWS_ENDPOINT_URL: "http://127.0.0.1:4566",
    ACQUIRER: "http://127.0.0.1:4001/v1",
  });
  // What it does not change it does not name: the plan's value stands.
  expect(post).not.toHaveProperty("TABLE");
  const known = credentials.find(post["AWS_ACCESS_KEY_ID"] ?? "");
  expect(known?.caller).toMatchObject({
    name: "PostTask",
    roleArn: "arn:aws:iam::123456789012:role/PostTaskFunction",
  });
  expect(known?.secretAccessKey).toBe(post["AWS_SECRET_ACCESS_KEY"]);
});

test("all environments of a function share its key, and two functions share none", () => {
  const environmentOf = functionEnvironments(new CredentialRegistry(), "http://127.0.0.1:4566", hosts);
  const post = definition("PostTaskFunction");
  const keyOf = (of: FunctionDefinition) => environmentOf(of)["AWS_ACCESS_KEY_ID"];
  expect(keyOf(post)).toBe(keyOf(post));
  expect(keyOf(definition("SettleTaskFunction"))).not.toBe(keyOf(post));
});
