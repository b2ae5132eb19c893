import { expect, test } from "vitest";
import type { Client } from "./clients.ts";
import { grantOf } from "./grant.ts";

const demo: Client = {
  name: "demo",
  clientId: "demo-id",
  clientSecret: "demo:secret",
  scopes: ["tallystick/payments.read", "tallystick/payments.write"],
};
const basic = (id: string, secret: string) => `Basic ${Buffer.from(`${id}:${secret}`).toString("base64")}`;
const authorization = basic("demo-id", "demo:secret");
const grant_type = "client_credentials";

const granted = (...scopes: string[]) => ({ granted: true, client: demo, scopes });
const refused = (statusCode: number, error: string) => ({ granted: false, statusCode, error });

test.each([
  ["the secret in the header, no scope", { authorization, body: { grant_type } }, granted(...demo.scopes)],
  [
    "the secret in the body",
    { authorization: undefined, body: { grant_type, client_id: "demo-id", client_secret: "demo:secret" } },
    granted(...demo.scopes),
  ],
  [
    "one of its scopes",
    { authorization, body: { grant_type, scope: "tallystick/payments.read" } },
    granted("tallystick/payments.read"),
  ],
  [
    "a scope that it does not have",
    { authorization, body: { grant_type, scope: "tallystick/payments.read tallystick/ops.write" } },
    refused(400, "invalid_scope"),
  ],
  [
    "another secret",
    { authorization: basic("demo-id", "guess"), body: { grant_type } },
    refused(401, "invalid_client"),
  ],
  [
    "an unknown client",
    { authorization: basic("x", "y"), body: { grant_type } },
    refused(401, "invalid_client"),
  ],
  ["no credentials", { authorization: undefined, body: { grant_type } }, refused(401, "invalid_client")],
  [
    "an id without a secret",
    { authorization: undefined, body: { grant_type, client_id: "demo-id" } },
    refused(401, "invalid_client"),
  ],
  [
    "a header that is not Basic",
    { authorization: "Basic !!", body: { grant_type } },
    refused(401, "invalid_client"),
  ],
  ["another grant", { authorization, body: { grant_type: "password" } }, refused(400, "unauthorized_client")],
])("a request with %s", (_what, request, grant) => {
  expect(grantOf([demo], request)).toEqual(grant);
});
