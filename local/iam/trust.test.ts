import { expect, test } from "vitest";
import {
  functionResource,
  machineResource,
  planOf,
  resource,
  trusting,
} from "#tests/support/handmade-plan.ts";
import { deliveryResource } from "#tests/support/planned-delivery.ts";
import type { PlanResource } from "../plan/plan.ts";
import { untrustedIn } from "./trust.ts";

const place = "eu-west-1:123456789012";
const roleArn = "arn:aws:iam::123456789012:role/x";
const role = (policy: unknown): PlanResource => ({
  ...resource("aws:iam/role:Role", "XRole", { assumeRolePolicy: JSON.stringify(policy) }),
  outputs: { arn: roleArn },
});
const schedule = resource("aws:scheduler/schedule:Schedule", "Nightly", {
  name: "nightly",
  target: { roleArn },
});
const rule = resource("aws:cloudwatch/eventRule:EventRule", "Paid", { name: "paid", roleArn });
const target = resource("aws:cloudwatch/eventTarget:EventTarget", "PaidTarget", { rule: "paid", roleArn });
const users: Readonly<Record<string, PlanResource>> = {
  lambda: functionResource("x", "lambda-functions.echo"),
  states: machineResource("x", {}),
  scheduler: schedule,
  events: target,
  firehose: deliveryResource("x", "events", { bucketArn: "arn:aws:s3:::b", roleArn }),
  s3: resource("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "Copy", {
    ...{ bucket: "b", role: roleArn },
    rules: [
      {
        ...{ status: "Enabled", filter: {}, deleteMarkerReplication: { status: "Disabled" } },
        destination: { bucket: "arn:aws:s3:::c" },
      },
    ],
  }),
};

test.each([
  ["lambda", "the function x: The role defined for the function cannot be assumed by Lambda. (let lambda"],
  [
    "states",
    "the state machine x: Neither the global service principal states.amazonaws.com, nor the regional",
  ],
  [
    "scheduler",
    "the schedule Nightly: The execution role you provide must allow AWS EventBridge Scheduler to",
  ],
  ["events", `the target PaidTarget: Provided role '${roleArn}' cannot be assumed by principal 'events.ama`],
  ["firehose", `the delivery stream x: Firehose is unable to assume role ${roleArn}. Please check the role`],
  ["s3", `the replication of b: S3 cannot assume the role ${roleArn}, and copies nothing.`],
])(
  "a role that does not trust %s is told in AWS's words, by the name of what it is for",
  (service, words) => {
    const user = users[service] as PlanResource;
    const others = Object.keys(users).filter((each) => each !== service);
    expect(untrustedIn(planOf([user, role(trusting(service))]))).toEqual([]);
    expect(untrustedIn(planOf([user, role(trusting(...others))]))).toEqual([expect.stringContaining(words)]);
  },
);

test("a rule's own role is asked as well, and one that is not in the plan trusts nobody", () => {
  expect(untrustedIn(planOf([rule]))).toEqual([
    expect.stringMatching(/^the rule Paid: .* \(the plan has no role arn:aws:iam::123456789012:role\/x\)$/),
  ]);
});

test("a state machine's role may trust Step Functions of its region only", () => {
  const machine = users["states"] as PlanResource;
  expect(untrustedIn(planOf([machine, role(trusting("states.eu-west-1"))]))).toEqual([]);
  expect(untrustedIn(planOf([machine, role(trusting("states.us-east-1"))]))).toHaveLength(1);
});

const [allowed] = trusting("events", "lambda").Statement;
const under = (condition: object, ...more: readonly object[]) => ({
  Statement: [
    {
      ...allowed,
      Principal: {
        Service: ["events", "scheduler", "lambda", "s3", "firehose"].map((name) => `${name}.amazonaws.com`),
      },
      Condition: condition,
    },
    ...more,
  ],
});
test.each<[string, PlanResource, object, number]>([
  ["of the rule", target, { ArnEquals: { "aws:SourceArn": `arn:aws:events:${place}:rule/paid` } }, 0],
  ["of another rule", target, { ArnEquals: { "aws:SourceArn": `arn:aws:events:${place}:rule/b` } }, 1],
  ["of the account", target, { StringEquals: { "aws:SourceAccount": "123456789012" } }, 0],
  [
    "of the schedule's group",
    schedule,
    { ArnLike: { "aws:SourceArn": `arn:aws:scheduler:${place}:schedule-group/default` } },
    0,
  ],
  [
    "of the schedule itself",
    schedule,
    { ArnLike: { "aws:SourceArn": `arn:aws:scheduler:${place}:schedule/default/nightly` } },
    1,
  ],
  [
    "that Lambda does not tell",
    users["lambda"] as PlanResource,
    { StringEquals: { "aws:SourceAccount": "123456789012" } },
    1,
  ],
  ["of the bucket", users["s3"] as PlanResource, { ArnLike: { "aws:SourceArn": "arn:aws:s3:::b" } }, 0],
  ["of another bucket", users["s3"] as PlanResource, { ArnLike: { "aws:SourceArn": "arn:aws:s3:::c" } }, 1],
  [
    "of the account, by Firehose",
    users["firehose"] as PlanResource,
    { StringEquals: { "aws:SourceAccount": "123456789012" } },
    0,
  ],
])("trust under the condition %s", (_source, user, condition, refused) => {
  expect(untrustedIn(planOf([user, role(under(condition))]))).toHaveLength(refused);
});

test("an explicit deny ends trust, and so does a policy that lets nobody assume the role", () => {
  const deny = { Effect: "Deny", Principal: "*", Action: "sts:*" };
  expect(untrustedIn(planOf([target, role(under({}))]))).toEqual([]);
  expect(untrustedIn(planOf([target, role(under({}, deny))]))).toHaveLength(1);
  const tagging = { Statement: [{ ...allowed, Action: "sts:TagSession" }] };
  expect(untrustedIn(planOf([target, role(tagging)]))).toHaveLength(1);
});

test.each([
  {},
  { Statement: [{ ...allowed, NotPrincipal: "*" }] },
  under({ DateGreaterThan: { "aws:CurrentTime": "x" } }),
])("a trust policy that is not understood stops the start: %j", (policy) => {
  expect(() => untrustedIn(planOf([target, role(policy)]))).toThrow(
    "the policy of the plan's aws:iam/role:Role XRole",
  );
});
