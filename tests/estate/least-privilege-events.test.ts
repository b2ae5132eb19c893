import { describe, expect, it } from "vitest";
import { listOf, resource, roles, statementsOf } from "./committed-plan.ts";
import { grantsOf, table, whoMay } from "./grants.ts";

describe("events", () => {
  const stream = resource("PaymentEvents").outputs?.["arn"];

  it("are told by the two relays alone", () => {
    expect(whoMay("kinesis:PutRecords", stream)).toEqual(["JournalRelayRole", "RelayRole"]);
    expect(whoMay("kinesis:PutRecord", stream)).toEqual([]);
  });

  it.each(["JournalRelayRole", "RelayRole"])("are told by %s, which may read no table", (name) => {
    const relay = roles.find((role) => role.name === name);
    const actions = relay === undefined ? [] : statementsOf(relay).flatMap(({ Action }) => listOf(Action));
    expect(actions.filter((action) => action.startsWith("dynamodb:"))).toEqual([
      "dynamodb:DescribeStream",
      "dynamodb:GetRecords",
      "dynamodb:GetShardIterator",
      "dynamodb:ListStreams",
    ]);
  });

  it("are told to merchants by one function, which takes its claims where no answer of the API lies", () => {
    const topic = resource("News").outputs?.["arn"];
    expect(whoMay("sns:Publish", topic)).toEqual(["NotifyRole"]);
    expect(whoMay("sns:Subscribe", topic)).toEqual(["MerchantsApiRole"]);
    for (const action of ["dynamodb:PutItem", "dynamodb:DeleteItem"])
      expect(grantsOf("NotifyRole", action, table("idempotency")).map(({ Condition }) => Condition)).toEqual([
        {
          "ForAllValues:StringLike": { "dynamodb:LeadingKeys": "*#told#*" },
          Null: { "dynamodb:LeadingKeys": "false" },
        },
      ]);
    for (const action of ["Query", "Scan", "PutItem", "UpdateItem"])
      expect(whoMay(`dynamodb:${action}`, table("merchants")), action).not.toContain("NotifyRole");
  });

  it("are kept by one function, and changed or deleted by none", () => {
    expect(whoMay("dynamodb:BatchWriteItem", table("events"))).toEqual(["RecordEventsRole"]);
    for (const action of ["PutItem", "UpdateItem", "DeleteItem"])
      expect(whoMay(`dynamodb:${action}`, table("events")), action).toEqual([]);
  });

  it("are shown by a function that learns of payments whether they are there, and what opens their texts", () => {
    for (const action of ["GetItem", "BatchGetItem"]) {
      const grants = grantsOf("EventsApiRole", `dynamodb:${action}`, table("payments"));
      expect(grants.map(({ Condition }) => Condition)).toEqual([
        {
          "ForAllValues:StringEquals": { "dynamodb:Attributes": ["pk", "sk", "text_key"] },
          StringEquals: { "dynamodb:Select": "SPECIFIC_ATTRIBUTES" },
        },
      ]);
    }
    for (const action of ["Query", "Scan", "PutItem"])
      expect(whoMay(`dynamodb:${action}`, table("payments")), action).not.toContain("EventsApiRole");
  });
});

describe("merchants and their clients", () => {
  it("are written by one function, in one user pool", () => {
    expect(whoMay("dynamodb:PutItem", table("merchants"))).toEqual(["MerchantsApiRole"]);
    for (const action of ["DeleteItem", "BatchWriteItem"])
      expect(whoMay(`dynamodb:${action}`, table("merchants")), action).toEqual([]);
    // Who names an address, and nothing of a merchant or a client.
    expect(whoMay("dynamodb:UpdateItem", table("merchants"))).toEqual(["MerchantsApiRole"]);
    const updates = grantsOf("MerchantsApiRole", "dynamodb:UpdateItem", table("merchants"));
    expect(updates.map(({ Condition }) => Condition)).toEqual([
      {
        "ForAllValues:StringLike": { "dynamodb:LeadingKeys": "address#*" },
        Null: { "dynamodb:LeadingKeys": "false" },
      },
    ]);
    expect(whoMay("cognito-idp:CreateUserPoolClient", resource("Clients").outputs?.["arn"])).toEqual([
      "MerchantsApiRole",
    ]);
  });
});
