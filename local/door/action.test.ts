import { expect, test } from "vitest";
import { actionOf } from "./action.ts";

const fn = "arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Apost";

test.each([
  ["dynamodb", "POST", "/", "DynamoDB_20120810.TransactWriteItems", "TransactWriteItems"],
  ["kms", "POST", "/", "TrentService.Decrypt", "Decrypt"],
  ["states", "POST", "/", "AWSStepFunctions.StartSyncExecution", "StartSyncExecution"],
  [
    "cognito-idp",
    "POST",
    "/",
    "AWSCognitoIdentityProviderService.CreateUserPoolClient",
    "CreateUserPoolClient",
  ],
  ["lambda", "POST", `/2015-03-31/functions/${fn}/invocations`, undefined, "Invoke"],
  ["lambda", "POST", `/2015-03-31/functions/${fn}/invocations?Qualifier=live`, undefined, "Invoke"],
  ["lambda", "GET", `/2015-03-31/functions/${fn}/invocations`, undefined, undefined],
  ["dynamodb", "POST", "/", undefined, undefined],
  ["dynamodb", "POST", "/", "PutItem", undefined],
])("%s %s %s with target %s asks for %s", (service, method, path, target, action) => {
  expect(actionOf(service, method, path, target)).toBe(action);
});

test.each([
  ["GET", "/audit?list-type=2&prefix=a", "ListObjectsV2"],
  ["GET", "/audit/?versions", "ListObjectVersions"],
  ["HEAD", "/audit", "HeadBucket"],
  ["GET", "/", "ListBuckets"],
  ["PUT", "/audit/2030/root.json?x-id=PutObject", "PutObject"],
  ["PUT", "/audit/root?retention=", "PutObjectRetention"],
  ["PUT", "/audit/root?partNumber=1&uploadId=u", "UploadPart"],
  ["DELETE", "/audit/root?versionId=v", "DeleteObject"],
  ["PATCH", "/audit/root", undefined],
])("S3 %s %s asks for %s", (method, path, action) => {
  expect(actionOf("s3", method, path, undefined)).toBe(action);
});

test.each([
  ["Version=2010-03-31&Action=Publish&Message=Action%3DNo", "Publish"],
  ["Message=Action", undefined],
  ["", undefined],
])("SNS %s asks for %s", (body, action) => {
  expect(actionOf("sns", "POST", "/", undefined, Buffer.from(body))).toBe(action);
});
