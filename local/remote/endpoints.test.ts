import { expect, test } from "vitest";
import { awsEndpointsIn } from "./endpoints.ts";

const emulator = "http://127.0.0.1:4566";

test("the catch-all and the services' own variables are told apart", () => {
  const environment = { AWS_ENDPOINT_URL: emulator, AWS_ENDPOINT_URL_SQS: "https://sqs.test", PORT: "0" };
  expect(awsEndpointsIn(environment)).toEqual({ all: emulator, of: { sqs: "https://sqs.test" } });
});

test("nothing set, or set to nothing, is nothing", () => {
  expect(awsEndpointsIn({ AWS_ENDPOINT_URL: "" })).toEqual({ of: {} });
});

test("as with AWS's SDKs, one variable has all the others ignored", () => {
  const environment = { AWS_ENDPOINT_URL: emulator, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true" };
  expect(awsEndpointsIn(environment)).toEqual({ of: {} });
});

test.each([
  [{ AWS_ENDPOINT_URL_S3: "here" }, "AWS_ENDPOINT_URL_S3 is a URL"],
  [{ AWS_ENDPOINT_URL: "redis://127.0.0.1" }, "AWS_ENDPOINT_URL is a URL"],
  [{ AWS_ENDPOINT_URL_KMS: emulator }, "AWS_ENDPOINT_URL_KMS: that service runs here only: unset it"],
])("%j is refused", (environment, message) => {
  expect(() => awsEndpointsIn(environment)).toThrow(message);
});
