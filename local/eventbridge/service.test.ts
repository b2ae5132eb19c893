import { expect, test } from "vitest";
import { planOf, resource } from "#tests/support/handmade-plan.ts";
import type { Parcel } from "../delivery/courier.ts";
import type { AwsCall } from "../door/engine.ts";
import type { PlanResource } from "../plan/plan.ts";
import { VirtualClock } from "../stepfunctions/testing/virtual-clock.ts";
import { EventBridge } from "./service.ts";

const functionArn = "arn:aws:lambda:eu-west-1:123456789012:function:relay";
const queueArn = "arn:aws:sqs:eu-west-1:123456789012:work";
const deadArn = "arn:aws:sqs:eu-west-1:123456789012:dead";
const ruleArn = "arn:aws:events:eu-west-1:123456789012:rule/captured";

const rule = (name: string, inputs: Readonly<Record<string, unknown>>): PlanResource =>
  resource("aws:cloudwatch/eventRule:EventRule", name, { name, ...inputs });
const target = (ruleName: string, inputs: Readonly<Record<string, unknown>>): PlanResource =>
  resource("aws:cloudwatch/eventTarget:EventTarget", `${ruleName}Target`, { rule: ruleName, ...inputs });
const captured = rule("captured", { eventPattern: '{"detail":{"kind":["captured"]}}' });

/** EventBridge with a plan's rules, under a clock of its own. `refuse` says which deliveries fail. */
function bridgeOf(
  resources: readonly PlanResource[],
  refuse: (parcel: Parcel, count: number) => string | undefined = () => undefined,
) {
  const clock = new VirtualClock();
  const startedAtMs = clock.now();
  const parcels: Parcel[] = [];
  const triedAtMs: number[] = [];
  const warnings: string[] = [];
  let ids = 0;
  const bridge = new EventBridge({
    plan: planOf(resources),
    clock,
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
    deliver: async (parcel) => {
      triedAtMs.push(clock.now() - startedAtMs);
      const name = refuse(parcel, triedAtMs.length);
      if (name !== undefined) throw Object.assign(new Error("refused"), { name });
      parcels.push(parcel);
    },
    warn: (line) => warnings.push(line),
  });
  return { bridge, clock, parcels, triedAtMs, warnings };
}

async function put(bridge: EventBridge, ...entries: readonly Readonly<Record<string, unknown>>[]) {
  const call: AwsCall = {
    service: "events",
    action: "PutEvents",
    caller: { accessKeyId: "LKIA1", roleArn: undefined, name: "operator" },
    method: "POST",
    path: "/",
    headers: {},
    body: Buffer.from(JSON.stringify({ Entries: entries })),
    signal: new AbortController().signal,
  };
  const answer = await bridge.handle(call);
  return { statusCode: answer.statusCode, ...JSON.parse(String(answer.body)) };
}

const capturedEntry = {
  Source: "tallystick.payments",
  DetailType: "PaymentCaptured",
  Detail: '{"kind":"captured","amount":1250}',
  Time: 1_767_225_600,
};

test("an event reaches the targets of the rules that it matches, as EventBridge writes it", async () => {
  const { bridge, parcels } = bridgeOf([
    captured,
    target("captured", { arn: functionArn }),
    rule("voided", { eventPattern: '{"detail":{"kind":["voided"]}}' }),
    target("voided", { arn: queueArn }),
  ]);
  expect(await put(bridge, capturedEntry)).toEqual({
    statusCode: 200,
    FailedEntryCount: 0,
    Entries: [{ EventId: "id-1" }],
  });
  expect(parcels).toMatchObject([{ targetArn: functionArn }]);
  expect(JSON.parse(parcels[0]?.body ?? "")).toEqual({
    version: "0",
    id: "id-1",
    "detail-type": "PaymentCaptured",
    source: "tallystick.payments",
    account: "123456789012",
    time: "2026-01-01T00:00:00Z",
    region: "eu-west-1",
    resources: [],
    detail: { kind: "captured", amount: 1250 },
  });
});

test.each([
  ["its own input", { input: '{"fixed":true}' }, { fixed: true }],
  ["a part of the event", { inputPath: "$.detail.amount" }, 1250],
  [
    "a template filled from the event",
    {
      inputTransformer: {
        inputPaths: { amount: "$.detail.amount", kind: "$.detail.kind" },
        inputTemplate:
          '{"text": "<kind> for <amount>", "amount": <amount>, "rule": "<aws.events.rule-name>", "none": <gone>}',
      },
    },
    undefined,
  ],
])("a target gets %s", async (_what, inputs, expected) => {
  const { bridge, parcels } = bridgeOf([captured, target("captured", { arn: queueArn, ...inputs })]);
  await put(bridge, capturedEntry);
  const body = parcels[0]?.body ?? "";
  if (expected !== undefined) expect(JSON.parse(body)).toEqual(expected);
  else {
    // A name that the transformer does not know stays as it stands.
    expect(body).toBe('{"text": "captured for 1250", "amount": 1250, "rule": "captured", "none": <gone>}');
  }
});

test("an entry that is not whole fails alone", async () => {
  const { bridge, parcels } = bridgeOf([captured, target("captured", { arn: queueArn })]);
  const answer = await put(
    bridge,
    { ...capturedEntry, Detail: "[]" },
    { ...capturedEntry, Source: undefined },
    capturedEntry,
  );
  expect(answer.FailedEntryCount).toBe(2);
  expect(answer.Entries.map(({ ErrorCode }: { ErrorCode?: string }) => ErrorCode)).toEqual([
    "MalformedDetail",
    "InvalidArgument",
    undefined,
  ]);
  expect(parcels).toHaveLength(1);
});

test("a bus keeps its events to its own rules, and a disabled rule matches nothing", async () => {
  const everything = {
    eventPattern: '{"source":[{"prefix":""}]}'.replace('{"prefix":""}', '{"exists":true}'),
  };
  const { bridge, parcels } = bridgeOf([
    resource("aws:cloudwatch/eventBus:EventBus", "Payments", { name: "payments" }),
    rule("mine", { ...everything, eventBusName: "payments" }),
    target("mine", { arn: queueArn, eventBusName: "payments" }),
    rule("off", { ...everything, state: "DISABLED" }),
    target("off", { arn: functionArn }),
  ]);
  await put(bridge, capturedEntry);
  expect(parcels).toEqual([]);
  await put(bridge, {
    ...capturedEntry,
    EventBusName: "arn:aws:events:eu-west-1:123456789012:event-bus/payments",
  });
  expect(parcels.map(({ targetArn }) => targetArn)).toEqual([queueArn]);
});

test("a target that fails is tried again, as often as its policy says, and then its event is buried", async () => {
  const { bridge, clock, parcels, triedAtMs } = bridgeOf(
    [
      captured,
      target("captured", {
        arn: functionArn,
        retryPolicy: { maximumRetryAttempts: 3 },
        deadLetterConfig: { arn: deadArn },
      }),
    ],
    ({ targetArn }) => (targetArn === functionArn ? "ThrottlingException" : undefined),
  );
  await put(bridge, capturedEntry);
  await clock.advance(60_000);
  expect(triedAtMs).toEqual([0, 1_000, 3_000, 7_000, 7_000]);
  expect(parcels).toMatchObject([
    {
      targetArn: deadArn,
      attributes: {
        RULE_ARN: { value: ruleArn },
        TARGET_ARN: { value: functionArn },
        ERROR_CODE: { value: "ThrottlingException" },
        EXHAUSTED_RETRY_CONDITION: { value: "MaximumRetryAttempts" },
        RETRY_ATTEMPTS: { value: "3" },
      },
    },
  ]);
});

test("a target that is not there, or may not be used, is not tried again", async () => {
  const { bridge, clock, triedAtMs, warnings } = bridgeOf(
    [captured, target("captured", { arn: functionArn })],
    () => "ResourceNotFoundException",
  );
  await put(bridge, capturedEntry);
  await clock.advance(60_000);
  expect(triedAtMs).toEqual([0]);
  expect(warnings).toEqual([expect.stringMatching(/lost an event .* has no dead-letter queue/)]);
});

test("a rule with a schedule fires at its times, and not once it is stopped", async () => {
  const { bridge, clock, parcels } = bridgeOf([
    rule("sweep", { scheduleExpression: "rate(5 minutes)" }),
    target("sweep", { arn: functionArn }),
  ]);
  bridge.start();
  await clock.advance(11 * 60_000);
  expect(parcels.map(({ body }) => JSON.parse(body).time)).toEqual([
    "2026-01-01T00:05:00Z",
    "2026-01-01T00:10:00Z",
  ]);
  expect(JSON.parse(parcels[0]?.body ?? "")).toMatchObject({
    source: "aws.events",
    "detail-type": "Scheduled Event",
    resources: ["arn:aws:events:eu-west-1:123456789012:rule/sweep"],
    detail: {},
  });
  await bridge.stop();
  await clock.advance(60 * 60_000);
  expect(parcels).toHaveLength(2);
});

test("a schedule fires in its zone between its dates, with its input filled", async () => {
  const { bridge, clock, parcels } = bridgeOf([
    resource("aws:scheduler/schedule:Schedule", "Daily", {
      name: "daily",
      scheduleExpression: "cron(0 9 * * ? *)",
      scheduleExpressionTimezone: "Europe/Berlin",
      endDate: "2026-01-03T00:00:00Z",
      target: {
        arn: functionArn,
        roleArn: "arn:aws:iam::123456789012:role/scheduler",
        input: '{"at":"<aws.scheduler.scheduled-time>"}',
      },
    }),
    resource("aws:scheduler/schedule:Schedule", "Once", {
      name: "once",
      scheduleExpression: "at(2026-01-01T12:00:00)",
      target: { arn: queueArn, roleArn: "arn:aws:iam::123456789012:role/scheduler" },
    }),
  ]);
  bridge.start();
  await clock.advance(7 * 86_400_000);
  const of = (arn: string) =>
    parcels.filter(({ targetArn }) => targetArn === arn).map(({ body }) => JSON.parse(body));
  expect(of(functionArn)).toEqual([{ at: "2026-01-01T08:00:00Z" }, { at: "2026-01-02T08:00:00Z" }]);
  expect(of(queueArn)).toMatchObject([
    { source: "aws.scheduler", "detail-type": "Scheduled Event", time: "2026-01-01T12:00:00Z", detail: "{}" },
  ]);
  expect(clock.pendingTimers).toBe(0);
});

test.each([
  ["a pattern", rule("bad", { eventPattern: '{"source":"a"}' })],
  ["a schedule", rule("bad", { scheduleExpression: "rate(5 seconds)" })],
  ["a target", target("bad", { arn: "arn:aws:ecs:eu-west-1:123456789012:cluster/a" })],
])("a plan with %s that cannot run is refused by name", (_what, bad) => {
  expect(() => bridgeOf([bad])).toThrow(/bad/);
});
