import { describe, expect, test } from "vitest";
import { createAcquirers } from "./acquirers.ts";
import { apiKeysOf, notificationSecretsOf } from "./secrets.ts";
import { type AcquirerSettings, AcquirerSettingsInvalid } from "./settings.ts";

const acquirer = (name: string, url: string): AcquirerSettings => ({
  name,
  url,
  currencies: ["EUR"],
  costBp: 20,
});
const real = acquirer("gamma", "https://api.gamma.example");
const long = "0123456789abcdef";

describe("an acquirer of the sandbox", () => {
  test.each([
    "http://127.0.0.1:9000",
    "http://localhost:9000",
    "http://[::1]:9",
    "https://alpha.acquirer.test",
  ])("at %s has keys that everybody may know", (url) => {
    const alpha = acquirer("alpha", url);
    expect(apiKeysOf([alpha], undefined)).toEqual(new Map([["alpha", "sandbox-alpha"]]));
    expect(notificationSecretsOf([alpha], undefined)).toEqual(new Map([["alpha", ["sandbox-notify-alpha"]]]));
  });

  test("has its own where they are set", () => {
    const alpha = acquirer("alpha", "http://127.0.0.1:9000");
    expect(apiKeysOf([alpha, real], JSON.stringify({ alpha: `${long}a`, gamma: `${long}g` }))).toEqual(
      new Map([
        ["alpha", `${long}a`],
        ["gamma", `${long}g`],
      ]),
    );
  });
});

describe("an acquirer that is no sandbox", () => {
  test.each([
    "https://api.gamma.example",
    "https://test.example",
    "https://acquirer.test.example",
    "https://acquirertest",
  ])("at %s has no key that anybody may know", (url) => {
    const keys = () => apiKeysOf([acquirer("gamma", url)], undefined);
    expect(keys).toThrow(AcquirerSettingsInvalid);
    expect(keys).toThrow(
      "ACQUIRER_API_KEYS: has nothing of the acquirer gamma: set it with `sst secret set AcquirerApiKeys`",
    );
    expect(() => notificationSecretsOf([acquirer("gamma", url)], JSON.stringify({ delta: [long] }))).toThrow(
      "ACQUIRER_NOTIFICATION_SECRETS: has nothing of the acquirer gamma: set it with `sst secret set AcquirerNotificationSecrets`",
    );
  });

  test("without a key fails the start of every function that asks it", () => {
    const settings = JSON.stringify([{ name: "gamma", url: real.url, currencies: ["EUR"], cost_bp: 20 }]);
    expect(() => createAcquirers(settings)).toThrow(AcquirerSettingsInvalid);
    createAcquirers(settings, { apiKeys: JSON.stringify({ gamma: long }) }).close();
  });

  test("signs with two secrets while they change", () => {
    const secrets = { gamma: [`${long}1`, `${long}2`] };
    expect(notificationSecretsOf([real], JSON.stringify(secrets)).get("gamma")).toEqual(secrets.gamma);
  });
});

test.each([
  ["short", '{"gamma":"s3cret"}', "[gamma] cannot be used"],
  ["no text", '{"gamma":["s3cret"]}', "[gamma] cannot be used"],
  ["no object", '"s3cret"', "[] cannot be used"],
  ["no JSON", "s3cret", "not JSON"],
])("a key that is %s is refused, and not told", (_what, json, fault) => {
  const keys = () => apiKeysOf([real], json);
  expect(keys).toThrow(`ACQUIRER_API_KEYS: ${fault}`);
  expect(keys).not.toThrow("s3cret");
});
