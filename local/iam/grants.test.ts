import { expect, test } from "vitest";
import { grantReportOf, linesOf } from "./grants.ts";
import type { Decision } from "./guard.ts";
import { Policies, statementsOf } from "./policy.ts";

const roleArn = "arn:aws:iam::123456789012:role/post-task";
const tables = "arn:aws:dynamodb:eu-west-1:123456789012:table";
const role = {
  logicalName: "PostTaskRole",
  arn: roleArn,
  policies: new Policies(
    statementsOf(
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Action: ["dynamodb:PutItem", "dynamodb:UpdateItem"],
            Resource: [`${tables}/payments`, `${tables}/ledger`],
          },
          { Effect: "Allow", Action: "logs:PutLogEvents", Resource: "*" },
          { Effect: "Deny", Action: "dynamodb:DeleteItem", Resource: "*" },
        ],
      }),
    ),
  ),
};
const decision = (action: string, table: string, verdict: Decision["verdict"] = "allowed"): Decision => ({
  roleArn,
  action: `dynamodb:${action}`,
  resource: `${tables}/${table}`,
  verdict,
});

test("a report tells the grants that were used, those that never were, and what was denied", () => {
  const report = grantReportOf(
    [role],
    [
      decision("PutItem", "payments"),
      decision("PutItem", "ledger"),
      decision("DeleteItem", "ledger", "explicitly_denied"),
    ],
  );
  expect(linesOf(report)).toEqual([
    "2 grants were used.",
    "2 were not used by any test: show their use, or take them away:",
    `  PostTaskRole  dynamodb:UpdateItem  ${tables}/payments`,
    `  PostTaskRole  dynamodb:UpdateItem  ${tables}/ledger`,
    "1 are for what AWS's services do themselves (logs, traces), which nothing here does.",
    "1 calls were denied:",
    `  PostTaskRole  dynamodb:DeleteItem  ${tables}/ledger`,
  ]);
});

test("what a service of AWS does itself counts as used where it was seen", () => {
  const written = { ...decision("PutItem", "payments"), action: "logs:PutLogEvents", resource: "*" };
  const { used, unseen } = grantReportOf([role], [written]);
  expect(used.map(({ action }) => action)).toEqual(["logs:PutLogEvents"]);
  expect(unseen).toEqual([]);
});

test("a grant that is needed for a reason is told apart, with the reason", () => {
  const report = grantReportOf([role], [decision("PutItem", "payments")], ({ action, resource }) =>
    action.endsWith(":UpdateItem") && resource.endsWith("/ledger") ? "it may come to that" : undefined,
  );
  expect(report.unused).toHaveLength(2);
  expect(linesOf(report)).toEqual(
    expect.arrayContaining([`  PostTaskRole  dynamodb:UpdateItem  ${tables}/ledger: it may come to that`]),
  );
});

test("a denied call does not make its grant a used one", () => {
  const report = grantReportOf([role], [decision("PutItem", "payments", "implicitly_denied")]);
  expect(report.used).toEqual([]);
});

test("another role's calls do not either", () => {
  const report = grantReportOf([role], [{ ...decision("PutItem", "payments"), roleArn: `${roleArn}-other` }]);
  expect(report.used).toEqual([]);
  expect(linesOf(report)).toContain("No call was denied.");
});
