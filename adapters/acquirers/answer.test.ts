import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { declineRules } from "#core/acquiring/declines.ts";
import { inquiryOf, outcomeOf } from "./answer.ts";

const key = "pay_x:authorize:1";
const asked = { key };
const answered = (statusCode: number, body: unknown) =>
  ({
    kind: "answered",
    statusCode,
    body: typeof body === "string" ? body : JSON.stringify(body),
  }) as const;

describe("a result", () => {
  it.each<{ what: string; body: object; outcome: object }>([
    {
      what: "approved",
      body: { key, reference: "r1", result: "approved", expires_at: "2030-01-02T03:04:05Z" },
      outcome: { kind: "approved", reference: "r1", expiresAt: Date.UTC(2030, 0, 2, 3, 4, 5) },
    },
    {
      what: "approved, with more than we know of",
      body: { key, reference: "r1", result: "approved", network: "visa" },
      outcome: { kind: "approved", reference: "r1" },
    },
    {
      what: "pending",
      body: { key, reference: "r1", result: "pending", redirect_url: "https://acs.example/1" },
      outcome: { kind: "pending", reference: "r1", redirectUrl: "https://acs.example/1" },
    },
    {
      what: "pending without a page",
      body: { key, reference: "r1", result: "pending" },
      outcome: { kind: "pending", reference: "r1" },
    },
    {
      what: "declined",
      body: { key, reference: "r1", result: "declined", decline_code: "lost_card" },
      outcome: { kind: "declined", code: "lost_card", reference: "r1" },
    },
    {
      what: "declined with a code that is not listed",
      body: { key, result: "declined", decline_code: "R1A" },
      outcome: { kind: "declined", code: "do_not_honor" },
    },
    {
      what: "declined with the name of an object's property as its code",
      body: { key, result: "declined", decline_code: "constructor" },
      outcome: { kind: "declined", code: "do_not_honor" },
    },
    {
      what: "declined without a code",
      body: { key, result: "declined" },
      outcome: { kind: "declined", code: "do_not_honor" },
    },
  ])("is read: $what", ({ body, outcome }) => {
    expect(outcomeOf(answered(201, body), asked)).toEqual(outcome);
  });

  it.each(Object.keys(declineRules))("keeps the decline code %s", (code) => {
    const body = { key, result: "declined", decline_code: code };
    expect(outcomeOf(answered(200, body), asked)).toEqual({ kind: "declined", code });
  });

  it.each<{ what: string; body: unknown }>([
    { what: "is no JSON", body: "OK" },
    { what: "is empty", body: "" },
    { what: "is null", body: "null" },
    { what: "is a list", body: [{ key, reference: "r1", result: "approved" }] },
    { what: "has no key", body: { reference: "r1", result: "approved" } },
    { what: "has no reference", body: { key, result: "approved" } },
    { what: "has an empty reference", body: { key, reference: "", result: "approved" } },
    {
      what: "has a reference that would climb in a path",
      body: { key, reference: "..", result: "approved" },
    },
    { what: "has a reference in another alphabet", body: { key, reference: "r\ud800", result: "approved" } },
    { what: "has no result", body: { key, reference: "r1" } },
    { what: "has a result nobody knows", body: { key, reference: "r1", result: "partially_approved" } },
    {
      what: "has an expiry that is no moment",
      body: { key, reference: "r1", result: "approved", expires_at: "soon" },
    },
    {
      what: "sends the customer to a script",
      body: { key, reference: "r1", result: "pending", redirect_url: "javascript:alert(1)" },
    },
    { what: "is a refusal with a good code", body: { error: "not_accepted" } },
  ])("that $what is unknown", ({ body }) => {
    expect(outcomeOf(answered(201, body), asked)).toEqual({ kind: "unknown", reason: "answer:malformed" });
  });

  it("under another key is unknown", () => {
    const body = { key: "pay_y:authorize:1", reference: "r1", result: "declined" };
    expect(outcomeOf(answered(201, body), asked)).toEqual({
      kind: "unknown",
      reason: "answer:of_another_request",
    });
  });

  it.each(["approved", "pending", "declined"])(
    "%s of another authorization than was named is unknown",
    (result) => {
      const body = { key, reference: "r2", result };
      expect(outcomeOf(answered(200, body), { key, reference: "r1" })).toEqual({
        kind: "unknown",
        reason: "answer:of_another_authorization",
      });
    },
  );

  it("of a capture carries no expiry", () => {
    const body = { key, reference: "r1", result: "approved", expires_at: "2030-01-02T03:04:05Z" };
    expect(outcomeOf(answered(200, body), { key, reference: "r1" })).toEqual({
      kind: "approved",
      reference: "r1",
    });
  });
});

describe("an HTTP error", () => {
  it.each<[number, string]>([
    [400, "malformed"],
    [401, "unauthorized"],
    [403, "forbidden"],
    [404, "unknown_route"],
    [413, "too_large"],
    [503, "not_accepted"],
  ])(
    "%i is a promise that nothing was executed when it says %s, and nothing without the word",
    (statusCode, error) => {
      const reason = `refused:${error}`;
      expect(outcomeOf(answered(statusCode, { error }), asked)).toEqual({ kind: "not_attempted", reason });
      expect(outcomeOf(answered(statusCode, { error, key }), asked)).toEqual({
        kind: "not_attempted",
        reason,
      });

      const unknown = { kind: "unknown", reason: `answer:http_${statusCode}` };
      for (const body of [
        "",
        "<h1>Blocked</h1>",
        { error: "internal" },
        { error, key: "pay_y:authorize:1" },
      ]) {
        expect(outcomeOf(answered(statusCode, body), asked)).toEqual(unknown);
      }
    },
  );

  it.each([100, 301, 307, 402, 408, 409, 422, 425, 429, 500, 501, 502, 504, 599])(
    "%i is unknown, whatever it says",
    (statusCode) => {
      for (const body of ["", { error: "not_accepted" }, { key, reference: "r1", result: "approved" }]) {
        expect(outcomeOf(answered(statusCode, body), asked)).toEqual({
          kind: "unknown",
          reason: `answer:http_${statusCode}`,
        });
      }
    },
  );
});

describe("the answer to an inquiry", () => {
  const approved = { key, reference: "r1", result: "approved", expires_at: "2030-01-02T03:04:05Z" };
  const expiresAt = Date.UTC(2030, 0, 2, 3, 4, 5);

  it.each<{ what: string; body: object; found: object }>([
    {
      what: "an authorization",
      body: { ...approved, operation: "authorize" },
      found: { operation: "authorize", outcome: { kind: "approved", reference: "r1", expiresAt } },
    },
    {
      what: "a capture, which does not end by itself",
      body: { ...approved, operation: "capture" },
      found: { operation: "capture", outcome: { kind: "approved", reference: "r1" } },
    },
    {
      what: "an authorization that waits for the customer",
      body: { key, operation: "authorize", reference: "r1", result: "pending" },
      found: { operation: "authorize", outcome: { kind: "pending", reference: "r1" } },
    },
    {
      what: "a refund that was refused",
      body: { key, operation: "refund", result: "declined", decline_code: "operation_refused" },
      found: { operation: "refund", outcome: { kind: "declined", code: "operation_refused" } },
    },
  ])("finds $what", ({ body, found }) => {
    expect(inquiryOf(answered(200, body), key)).toEqual({ kind: "found", ...found });
  });

  it("finds nothing when the acquirer says that it does not know this very key", () => {
    const body = { error: "unknown_operation", key };
    expect(inquiryOf(answered(404, body), key)).toEqual({ kind: "not_found" });
  });

  it.each<{ what: string; statusCode: number; body: unknown; reason: string }>([
    { what: "404 and no word", statusCode: 404, body: "", reason: "answer:http_404" },
    {
      what: "404 for another key",
      statusCode: 404,
      body: { error: "unknown_operation", key: "k2" },
      reason: "answer:http_404",
    },
    {
      what: "404 for an unknown route",
      statusCode: 404,
      body: { error: "unknown_route", key },
      reason: "answer:http_404",
    },
    { what: "401", statusCode: 401, body: { error: "unauthorized" }, reason: "answer:http_401" },
    { what: "500", statusCode: 500, body: approved, reason: "answer:http_500" },
    { what: "no operation", statusCode: 200, body: approved, reason: "answer:malformed" },
    {
      what: "an operation nobody knows",
      statusCode: 200,
      body: { ...approved, operation: "tip" },
      reason: "answer:malformed",
    },
    {
      what: "another key",
      statusCode: 200,
      body: { ...approved, key: "k2", operation: "authorize" },
      reason: "answer:of_another_request",
    },
  ])("teaches nothing when it is $what", ({ statusCode, body, reason }) => {
    expect(inquiryOf(answered(statusCode, body), key)).toEqual({ kind: "unavailable", reason });
  });

  it.each(["unsent", "unanswered"] as const)("teaches nothing when the inquiry was %s", (kind) => {
    expect(inquiryOf({ kind, reason: "ECONNRESET" }, key)).toEqual({
      kind: "unavailable",
      reason: `${kind === "unsent" ? "no_connection" : "no_answer"}:ECONNRESET`,
    });
  });
});

describe("any answer", () => {
  it("moves money, or frees another acquirer to be asked, only under the key that was asked for", () => {
    const words = fc.constantFrom(
      "approved",
      "pending",
      "declined",
      "not_accepted",
      "malformed",
      "r1",
      1,
      null,
    );
    const bodies = fc.record(
      { key: fc.constantFrom(key, "pay_y:authorize:1", null), reference: words, result: words, error: words },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.constantFrom(200, 201, 400, 404, 422, 500, 503), bodies, (statusCode, body) => {
        const { kind } = outcomeOf(answered(statusCode, body), asked);
        if (kind === "approved" || kind === "pending" || kind === "declined") expect(body.key).toBe(key);
        if (kind === "not_attempted") expect([undefined, key]).toContain(body.key);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never shows in a reason", () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 599 }), fc.string({ minLength: 4 }), (statusCode, secret) => {
        const body = { error: secret, key: secret, reference: secret, result: secret };
        expect(outcomeOf(answered(statusCode, body), asked)).toEqual(
          outcomeOf(answered(statusCode, { error: "?", key: "?", reference: "?", result: "?" }), asked),
        );
      }),
    );
  });
});
