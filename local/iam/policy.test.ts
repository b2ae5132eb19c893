import { describe, expect, test } from "vitest";
import { Policies, statementsOf } from "./policy.ts";

const payments = "arn:aws:dynamodb:eu-west-1:123456789012:table/payments";
const ledger = "arn:aws:dynamodb:eu-west-1:123456789012:table/ledger";

const policies = (...statements: readonly object[]): Policies =>
  new Policies(statementsOf(JSON.stringify({ Version: "2012-10-17", Statement: statements })));
const ask = (of: Policies, action: string, resource: string) =>
  of.evaluate({ action, resource, context: () => undefined });

describe("policies", () => {
  test("allow what one statement allows, and nothing else", () => {
    const role = policies({ Effect: "Allow", Action: ["dynamodb:PutItem"], Resource: payments });
    expect(ask(role, "dynamodb:PutItem", payments)).toBe("allowed");
    expect(ask(role, "dynamodb:PutItem", ledger)).toBe("implicitly_denied");
    expect(ask(role, "dynamodb:GetItem", payments)).toBe("implicitly_denied");
  });

  test("of which one denies are denied, wherever it stands", () => {
    const allow = { Effect: "Allow", Action: "dynamodb:*", Resource: "*" };
    const deny = { Effect: "Deny", Action: "dynamodb:DeleteItem", Resource: ledger };
    for (const role of [policies(allow, deny), policies(deny, allow)]) {
      expect(ask(role, "dynamodb:DeleteItem", ledger)).toBe("explicitly_denied");
      expect(ask(role, "dynamodb:DeleteItem", payments)).toBe("allowed");
    }
  });

  test("know actions in any case, and resources only as they are", () => {
    const role = policies({ Effect: "Allow", Action: "DynamoDB:putitem", Resource: payments });
    expect(ask(role, "dynamodb:PutItem", payments)).toBe("allowed");
    expect(ask(role, "dynamodb:PutItem", payments.toUpperCase())).toBe("implicitly_denied");
  });

  test("that are none deny everything", () => {
    expect(ask(new Policies([]), "dynamodb:PutItem", payments)).toBe("implicitly_denied");
  });
});

describe("a document that says more than is evaluated here is refused", () => {
  const statement = { Effect: "Allow", Action: "s3:*", Resource: "*" };
  test.each<[string, unknown]>([
    ["Statement.0", { Version: "2012-10-17", Statement: [{ ...statement, NotAction: "s3:*" }] }],
    [
      "Statement",
      { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", NotResource: "*" }] },
    ],
    ["Version", { Version: "2008-10-17", Statement: [statement] }],
    [
      "the condition key s3:max-keys",
      {
        Version: "2012-10-17",
        Statement: [{ ...statement, Condition: { StringLike: { "s3:max-keys": "1" } } }],
      },
    ],
  ])("%s", (message, document) => {
    expect(() => statementsOf(JSON.stringify(document))).toThrow(message);
  });
});
