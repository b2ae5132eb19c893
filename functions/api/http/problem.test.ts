import { describe, expect, test } from "vitest";
import { invalidField, Problem, unavailable } from "./problem.ts";

const bodyOf = (problem: Problem): unknown => JSON.parse(problem.toBody("req-1"));

describe("a problem's body (RFC 9457)", () => {
  test("has type, title, status, our code and the request's id", () => {
    expect(bodyOf(new Problem("not_found"))).toEqual({
      type: "about:blank",
      title: "There is nothing here",
      status: 404,
      code: "not_found",
      request_id: "req-1",
    });
  });

  test("says in detail what is wrong, and where", () => {
    expect(bodyOf(invalidField("/amount", "too_small", "An amount is at least 1 minor unit."))).toEqual({
      type: "about:blank",
      title: "The request breaks a rule of the API",
      status: 422,
      code: "invalid_request",
      errors: [{ pointer: "/amount", code: "too_small", detail: "An amount is at least 1 minor unit." }],
      request_id: "req-1",
    });
  });

  test("does not hold its headers", () => {
    expect(bodyOf(unavailable())).toEqual({
      type: "about:blank",
      title: "A part of the system does not answer",
      status: 503,
      code: "unavailable",
      detail: "Send the same request again, with the same Idempotency-Key.",
      request_id: "req-1",
    });
  });
});

test("a problem's message, which logs show, is its detail or its title", () => {
  expect(new Problem("not_found").message).toBe("There is nothing here");
  expect(new Problem("malformed_json", { detail: "The body is empty." }).message).toBe("The body is empty.");
});
