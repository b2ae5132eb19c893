import { describe, expect, it } from "vitest";
import { createAcquirers } from "./acquirers.ts";
import { AcquirerSettingsInvalid, parseAcquirerSettings } from "./settings.ts";

const alpha = { name: "alpha", url: "https://alpha.example", currencies: ["EUR", "USD"], cost_bp: 20 };
const loopback = "http://127.0.0.1:9000";

describe("the ACQUIRERS setting", () => {
  it("is read", () => {
    const beta = { name: "beta", url: loopback, currencies: ["JPY"], cost_bp: 0 };
    expect(parseAcquirerSettings(JSON.stringify([alpha, beta]))).toEqual([
      { name: "alpha", url: "https://alpha.example", currencies: ["EUR", "USD"], costBp: 20 },
      { name: "beta", url: loopback, currencies: ["JPY"], costBp: 0 },
    ]);
  });

  it("may be empty: a stage without card payments", () => {
    expect(parseAcquirerSettings("[]")).toEqual([]);
  });

  it("may list an acquirer that takes nothing any more, and is asked about what it has", () => {
    const leaving = { ...alpha, url: loopback, currencies: [] };
    expect(parseAcquirerSettings(JSON.stringify([leaving]))).toMatchObject([
      { name: "alpha", currencies: [] },
    ]);
    const acquirers = createAcquirers(JSON.stringify([leaving]));
    expect(acquirers.route({ currency: "EUR", method: "card" })).toEqual([]);
    expect(acquirers.names).toEqual(["alpha"]);
    acquirers.close();
  });

  it.each<{ what: string; setting: unknown; message: string }>([
    { what: "no list", setting: alpha, message: "[] Invalid input: expected array, received object" },
    { what: "a bad name", setting: [{ ...alpha, name: "Alpha" }], message: "[0.name] a name is 1 to 32" },
    {
      what: "card numbers in the clear",
      setting: [{ ...alpha, url: "http://alpha.example" }],
      message: "[0.url] a URL is https, or http on loopback",
    },
    {
      what: "a host that only begins like loopback",
      setting: [{ ...alpha, url: "http://127.0.0.1.example" }],
      message: "[0.url] a URL is https",
    },
    {
      what: "credentials in the URL",
      setting: [{ ...alpha, url: "https://u:p@alpha.example" }],
      message: "[0.url] a URL is https",
    },
    { what: "no URL", setting: [{ ...alpha, url: "alpha" }], message: "[0.url] a URL is https" },
    {
      what: "a currency that is none",
      setting: [alpha, { ...alpha, name: "beta", currencies: ["EUR", "XXX"] }],
      message: "[1.currencies.1] a currency is an ISO 4217 code",
    },
    { what: "a negative cost", setting: [{ ...alpha, cost_bp: -1 }], message: "[0.cost_bp] Too small" },
    {
      what: "a field nobody reads",
      setting: [{ ...alpha, key: "k" }],
      message: '[0] Unrecognized key: "key"',
    },
    { what: "a name twice", setting: [alpha, alpha], message: "[] names are unique" },
  ])("is refused with its fault and place: $what", ({ setting, message }) => {
    const parse = () => parseAcquirerSettings(JSON.stringify(setting));
    expect(parse).toThrow(AcquirerSettingsInvalid);
    expect(parse).toThrow(message);
  });

  it("is refused when it is no JSON, without quoting it", () => {
    expect(() => parseAcquirerSettings("{secret")).toThrow(/^ACQUIRERS: not JSON$/);
  });
});
