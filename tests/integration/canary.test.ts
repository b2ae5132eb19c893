import { afterAll, beforeAll, expect, test } from "vitest";
import { checkApi, type Visit } from "#functions/canary/check-api.mjs";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

let system: TestSystem;
beforeAll(async () => {
  system = await startTestSystem();
});
afterAll(() => system?.stop());

const visit = (): Visit => {
  const { api, token_url: tokenUrl, merchants } = system.endpoints;
  const { client_id: clientId, client_secret: clientSecret } = merchants.demo;
  return { api, tokenUrl, clientId, clientSecret };
};

test("the canary finds a running system well", async () => {
  await checkApi(visit());
});

test("and says at which step it does not", async () => {
  await expect(checkApi({ ...visit(), clientSecret: "another" })).rejects.toThrow(
    /^signing in: HTTP 40[01]$/,
  );
  await expect(checkApi({ ...visit(), api: `${visit().api}/nowhere` })).rejects.toThrow(
    "/v1/payments?limit=1: HTTP 404",
  );
});
