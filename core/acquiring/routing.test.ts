import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Currency } from "../money/currency.ts";
import { type AcquirerProfile, type HealthView, route } from "./routing.ts";

const alpha: AcquirerProfile = { name: "alpha", currencies: ["USD", "EUR"], costBp: 90 };
const beta: AcquirerProfile = { name: "beta", currencies: ["USD", "EUR", "JPY"], costBp: 110 };
const gamma: AcquirerProfile = { name: "gamma", currencies: ["USD"], costBp: 90 };

const allHealthy: HealthView = { admits: () => true };
const allExcept = (...names: string[]): HealthView => ({ admits: (name) => !names.includes(name) });

describe("route", () => {
  it.each<{ name: string; currency: Currency; health: HealthView; expected: string[] }>([
    { name: "the cheapest first", currency: "EUR", health: allHealthy, expected: ["alpha", "beta"] },
    {
      name: "equal costs by name",
      currency: "USD",
      health: allHealthy,
      expected: ["alpha", "gamma", "beta"],
    },
    { name: "only those that take the currency", currency: "JPY", health: allHealthy, expected: ["beta"] },
    {
      name: "the secondary when the primary is open",
      currency: "EUR",
      health: allExcept("alpha"),
      expected: ["beta"],
    },
    { name: "nobody for a currency that none takes", currency: "KWD", health: allHealthy, expected: [] },
    { name: "nobody when all are open", currency: "JPY", health: allExcept("beta"), expected: [] },
  ])("names $name", ({ currency, health, expected }) => {
    expect(route([beta, gamma, alpha], { currency, method: "card" }, health)).toEqual(expected);
  });

  const profiles = fc.uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-z]{1,3}$/),
      currencies: fc.uniqueArray(fc.constantFrom<Currency>("USD", "EUR", "JPY"), { minLength: 1 }),
      costBp: fc.integer({ min: 0, max: 3 }),
    }),
    { selector: (profile) => profile.name, maxLength: 6 },
  );

  it("does not depend on the order in which the acquirers are listed", () => {
    fc.assert(
      fc.property(
        profiles.chain((listed) =>
          fc.tuple(
            fc.constant(listed),
            fc.shuffledSubarray(listed, { minLength: listed.length, maxLength: listed.length }),
          ),
        ),
        ([listed, shuffled]) => {
          const request = { currency: "USD", method: "card" } as const;
          expect(route(shuffled, request, allHealthy)).toEqual(route(listed, request, allHealthy));
        },
      ),
    );
  });

  it("names exactly the acquirers that are healthy and take the currency, each once", () => {
    fc.assert(
      fc.property(profiles, fc.array(fc.stringMatching(/^[a-z]{1,3}$/)), (listed, open) => {
        const able = listed.filter((it) => it.currencies.includes("EUR") && !open.includes(it.name));
        const routed = route(listed, { currency: "EUR", method: "card" }, allExcept(...open));
        expect(routed.toSorted()).toEqual(able.map((it) => it.name).toSorted());
      }),
    );
  });
});
