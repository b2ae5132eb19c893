import { describe, expect, test } from "vitest";
import { isSignedBy, parseAuthorization, type Signature, type SignedRequest } from "./sigv4.ts";

const header =
  "AWS4-HMAC-SHA256 Credential=LKIA0123456789ABCDEF/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";

describe("the authorization header", () => {
  test("names the key, the day, the region, the service and the signed headers", () => {
    expect(parseAuthorization(header)).toEqual({
      accessKeyId: "LKIA0123456789ABCDEF",
      date: "20150830",
      region: "us-east-1",
      service: "iam",
      signedHeaders: ["content-type", "host", "x-amz-date"],
      signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
    });
  });

  test.each([
    ["another scheme", "Bearer eyJhbGciOi"],
    ["no scope", header.replace("/20150830/us-east-1/iam/aws4_request", "")],
    ["no signature", header.replace(/, Signature=.*/, "")],
    ["a short signature", header.slice(0, -1)],
    ["another terminator", header.replace("aws4_request", "aws5_request")],
    ["something behind it", `${header}, More=1`],
  ])("with %s is not read", (_what, text) => {
    expect(parseAuthorization(text)).toBeUndefined();
  });
});

describe("the signature", () => {
  // AWS's own worked example: General Reference, "Signature Version 4 signing process", IAM ListUsers.
  const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
  const request: SignedRequest = {
    method: "GET",
    path: "/?Action=ListUsers&Version=2010-05-08",
    headers: {
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      host: "iam.amazonaws.com",
      "x-amz-date": "20150830T123600Z",
    },
    body: Buffer.alloc(0),
  };
  const signature = parseAuthorization(header) as Signature;

  test("of AWS's worked example verifies", () => {
    expect(isSignedBy(secret, signature, request)).toBe(true);
  });

  test("covers the order of the query's parameters in their canonical order only", () => {
    const reordered = { ...request, path: "/?Version=2010-05-08&Action=ListUsers" };
    expect(isSignedBy(secret, signature, reordered)).toBe(true);
  });

  test.each<[string, Partial<SignedRequest>]>([
    ["method", { method: "POST" }],
    ["path", { path: "/x?Action=ListUsers&Version=2010-05-08" }],
    ["query", { path: "/?Action=DeleteUser&Version=2010-05-08" }],
    ["body", { body: Buffer.from("x") }],
    ["signed header", { headers: { ...request.headers, host: "elsewhere" } }],
    ["date", { headers: { ...request.headers, "x-amz-date": "20150830T123601Z" } }],
  ])("fails when the %s was changed", (_what, change) => {
    expect(isSignedBy(secret, signature, { ...request, ...change })).toBe(false);
  });

  test("fails with another secret", () => {
    expect(isSignedBy("another", signature, request)).toBe(false);
  });
});
