import { describe, expect, test } from "vitest";
import {
  functionArn,
  opensFunction,
  planOf,
  queueArn,
  queuePolicyResource,
  resource,
  roleArnOf,
  roleResource,
  topicArn,
} from "#tests/support/handmade-plan.ts";
import type { PlanResource } from "../plan/plan.ts";
import { messageOf } from "./denial.ts";
import { Guard } from "./guard.ts";

const jobs = queueArn("jobs");
const keyArn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555";
const root = "arn:aws:iam::123456789012:root";
const events = {
  service: "events.amazonaws.com",
  sourceArn: "arn:aws:events:eu-west-1:123456789012:rule/nightly",
};

/** "allowed", or why not. */
function answer(
  resources: readonly PlanResource[],
  who: string | { readonly service: string; readonly sourceArn: string },
  action = "sqs:SendMessage",
  arn = jobs,
): string {
  const guard = new Guard(planOf(resources));
  const sender = typeof who === "string" ? { roleArn: roleArnOf(who), sessionName: "s" } : who;
  const denial = guard.refuseDelivery(sender, action, arn);
  return denial === undefined ? "allowed" : messageOf(denial).replace(/^.* (?=with an|because no)/, "");
}

const allow = (Principal: unknown, more: object = {}) =>
  queuePolicyResource("jobs", {
    Effect: "Allow",
    Principal,
    Action: "SQS:SendMessage",
    Resource: jobs,
    ...more,
  });
const deny = (Principal: unknown, Condition: object) =>
  queuePolicyResource("jobs", { Effect: "Deny", Principal, Action: "sqs:*", Resource: jobs, Condition });
const granted = roleResource("worker", ["sqs:SendMessage"], [jobs]);
const bare = roleResource("worker");
const noIdentity = "because no identity-based policy allows the sqs:SendMessage action";
const noResource = "because no resource-based policy allows the sqs:SendMessage action";
const insecure = { Bool: { "aws:SecureTransport": "false" } };

describe("in one account a role may do what its policies or the resource's policy allow", () => {
  test.each<[string, readonly PlanResource[], string]>([
    ["its own", [granted], "allowed"],
    ["none", [bare], noIdentity],
    ["the queue's, which names it", [bare, allow({ AWS: roleArnOf("worker") })], "allowed"],
    ["the queue's, for everyone", [bare, allow("*")], "allowed"],
    ["the queue's, for another role", [bare, allow({ AWS: roleArnOf("other") })], noIdentity],
    ["the queue's, for a service", [bare, allow({ Service: "events.amazonaws.com" })], noIdentity],
    // It lets the account decide, and the account's policies say nothing.
    ["the queue's, for the account", [bare, allow({ AWS: root })], noIdentity],
    [
      "its own, and the queue's denies everyone",
      [granted, deny("*", { StringEquals: { "aws:PrincipalAccount": "123456789012" } })],
      "with an explicit deny in a resource-based policy",
    ],
    [
      "its own, and the queue's denies the account",
      [granted, deny({ AWS: "123456789012" }, { ArnLike: { "aws:PrincipalArn": roleArnOf("w*") } })],
      "with an explicit deny in a resource-based policy",
    ],
    ["its own, and the queue's denies what comes without TLS", [granted, deny("*", insecure)], "allowed"],
  ])("%s", (_, resources, expected) => {
    expect(answer(resources, "worker")).toBe(expected);
  });
});

describe("a service of AWS comes in through the resource's policy only", () => {
  const ifSource = (arn: string) => ({ Condition: { ArnEquals: { "aws:SourceArn": arn } } });
  test.each<[string, readonly PlanResource[], string]>([
    ["no policy", [], noResource],
    ["one that names it", [allow({ Service: "events.amazonaws.com" })], "allowed"],
    ["one that names another service", [allow({ Service: "sns.amazonaws.com" })], noResource],
    [
      "one for this rule",
      [allow({ Service: "events.amazonaws.com" }, ifSource(events.sourceArn))],
      "allowed",
    ],
    [
      "one for another rule",
      [allow({ Service: "events.amazonaws.com" }, ifSource(`${events.sourceArn}-not`))],
      noResource,
    ],
    ["one for everyone, from this rule", [allow("*", ifSource(events.sourceArn))], "allowed"],
    ["one for the account's roles", [allow({ AWS: root })], noResource],
    [
      "one that denies other accounts' sources",
      [
        allow({ Service: "events.amazonaws.com" }),
        deny("*", { StringNotEquals: { "aws:SourceAccount": "999999999999" } }),
      ],
      "with an explicit deny in a resource-based policy",
    ],
  ])("%s", (_, resources, expected) => {
    expect(answer(resources, events)).toBe(expected);
  });

  test("a function's policy is its permissions", () => {
    const invoke = (...resources: readonly PlanResource[]) =>
      answer(resources, events, "lambda:InvokeFunction", functionArn("job"));
    expect(invoke()).toMatch(/^because no resource-based policy/);
    expect(invoke(opensFunction("job", "events", events.sourceArn))).toBe("allowed");
    expect(invoke(opensFunction("job", "events", topicArn("t")))).toMatch(
      /^because no resource-based policy/,
    );
    expect(invoke(opensFunction("job", "sns", events.sourceArn))).toMatch(
      /^because no resource-based policy/,
    );
    expect(invoke(opensFunction("other", "events", events.sourceArn))).toMatch(/^because no/);
  });

  test("a topic's policy, and a bucket's for what is in it", () => {
    const policyOf = (type: string, inputs: object, Action: string, Resource: string) =>
      resource(type, "Policy", {
        ...inputs,
        policy: { Version: "2008-10-17", Statement: { Effect: "Allow", Principal: "*", Action, Resource } },
      });
    const topic = policyOf(
      "aws:sns/topicPolicy:TopicPolicy",
      { arn: topicArn("t") },
      "SNS:Publish",
      topicArn("t"),
    );
    expect(answer([topic], events, "sns:Publish", topicArn("t"))).toBe("allowed");
    const bucket = policyOf(
      "aws:s3/bucketPolicy:BucketPolicy",
      { bucket: "b" },
      "s3:GetObject",
      "arn:aws:s3:::b/in/*",
    );
    expect(answer([bucket], events, "s3:GetObject", "arn:aws:s3:::b/in/a")).toBe("allowed");
    expect(answer([bucket], events, "s3:GetObject", "arn:aws:s3:::b/out/a")).toMatch(/^because no/);
  });
});

describe("a key lets in whom its own policy lets in", () => {
  const user = roleResource("worker", ["kms:Decrypt"], [keyArn]);
  const key = (...Statement: readonly object[]): PlanResource => ({
    ...resource("aws:kms/key:Key", "Key", {
      ...(Statement.length > 0 && { policy: JSON.stringify({ Version: "2012-10-17", Statement }) }),
    }),
    outputs: { arn: keyArn },
  });
  const lets = (AWS: string) => ({ Effect: "Allow", Principal: { AWS }, Action: "kms:*", Resource: "*" });
  test.each<[string, readonly PlanResource[], string]>([
    ["without a policy of its own it leaves it to roles", [key(), user], "allowed"],
    [
      "which may then not allow it",
      [key(), bare],
      "because no identity-based policy allows the kms:Decrypt action",
    ],
    ["so does one that names the account", [key(lets(root)), user], "allowed"],
    [
      "one that does not leaves roles without any say",
      [key(lets(roleArnOf("keeper"))), user],
      "because no resource-based policy allows the kms:Decrypt action",
    ],
    ["one that names a role needs no policy of it", [key(lets(roleArnOf("worker"))), bare], "allowed"],
  ])("%s", (_, resources, expected) => {
    expect(answer(resources, "worker", "kms:Decrypt", keyArn)).toBe(expected);
  });
});

describe("what is not evaluated stops the start", () => {
  test.each<[string, object]>([
    ['Unrecognized key: "NotPrincipal"', { Principal: "*", NotPrincipal: { AWS: root } }],
    [
      "the condition key aws:SourceVpce",
      { Principal: "*", Condition: { StringEquals: { "aws:SourceVpce": "v" } } },
    ],
  ])("%s", (message, more) => {
    const policy = queuePolicyResource("jobs", { Effect: "Allow", Action: "sqs:*", Resource: jobs, ...more });
    expect(() => new Guard(planOf([policy]))).toThrow(message);
  });
});
