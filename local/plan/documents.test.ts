import { describe, expect, it } from "vitest";
import { foldDocuments, unfoldDocuments } from "./documents.ts";
import type { PlanResource } from "./plan.ts";

const role: PlanResource = {
  urn: "urn:pulumi:local::tallystick::aws:iam/role:Role::Example",
  type: "aws:iam/role:Role",
  name: "Example",
  inputs: {
    assumeRolePolicy: '{"Version":"2012-10-17"}',
    inlinePolicies: [{ name: "inline", policy: '{"Statement":[{"Action":"kms:Decrypt"}]}' }],
  },
};

describe("documents of a plan", () => {
  it("are JSON in the lock, also where they are nested", () => {
    expect(unfoldDocuments(role).inputs).toEqual({
      assumeRolePolicy: { Version: "2012-10-17" },
      inlinePolicies: [{ name: "inline", policy: { Statement: [{ Action: "kms:Decrypt" }] } }],
    });
  });

  it("are the same text again for whoever runs the plan", () => {
    expect(foldDocuments(unfoldDocuments(role))).toEqual(role);
  });

  it("leave JSON text alone that other types take as text", () => {
    const fn: PlanResource = { ...role, type: "aws:lambda/function:Function", inputs: { policy: '{"a":1}' } };
    expect(unfoldDocuments(fn)).toEqual(fn);
  });
});
