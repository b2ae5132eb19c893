import { expect, test } from "vitest";
import { actionOf } from "./action.ts";

const fn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Apost";

test.each([
  ["dynamodb", "POST", "/", "DynamoDB_20120810.TransactWriteItems", "TransactWriteItems"],
  ["kms", "POST", "/", "TrentService.Decrypt", "Decrypt"],
  ["states", "POST", "/", "AWSStepFunctions.StartSyncExecution", "StartSyncExecution"],
  ["lambda", "POST", `/2015-03-31/functions/${fn}/invocations`, undefined, "Invoke"],
  ["lambda", "POST", `/2015-03-31/functions/${fn}/invocations?Qualifier=live`, undefined, "Invoke"],
  ["lambda", "GET", `/2015-03-31/functions/${fn}/invocations`, undefined, undefined],
  ["dynamodb", "POST", "/", undefined, undefined],
  ["dynamodb", "POST", "/", "PutItem", undefined],
])("%s %s %s with target %s asks for %s", (service, method, path, target, action) => {
  expect(actionOf(service, method, path, target)).toBe(action);
});
