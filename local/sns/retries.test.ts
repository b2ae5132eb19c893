import { expect, test } from "vitest";
import { VirtualClock } from "../stepfunctions/testing/virtual-clock.ts";
import { Deliveries, type Delivery } from "./deliveries.ts";
import { Undeliverable, waitBefore } from "./retries.ts";

const grave = "arn:aws:sqs:eu-west-1:123456789012:unheard";

function delivery(message: string, more: Partial<Delivery["publication"]> = {}): Delivery {
  return {
    subscription: {
      arn: "arn:subscription",
      topic: "arn:aws:sns:eu-west-1:123456789012:alerts",
      protocol: "lambda",
      endpoint: "arn:function",
      rawMessageDelivery: false,
      filterPolicyScope: "MessageAttributes",
      redrivePolicy: { deadLetterTargetArn: grave },
    },
    publication: {
      message,
      byProtocol: {},
      id: message,
      attributes: {},
      subject: undefined,
      group: undefined,
      deduplication: undefined,
      sequence: undefined,
      ...more,
    },
    envelope: { Message: message },
  };
}

/** Deliveries to one function that does as it is told, and what it saw at which second. */
function harness(behave: (call: number, message: string) => void) {
  const clock = new VirtualClock();
  const startMs = clock.now();
  const warnings: string[] = [];
  const seen: [second: number, message: string][] = [];
  const buried: string[] = [];
  const deliveries = new Deliveries({ clock, warn: (line) => warnings.push(line) });
  deliveries.connect("lambda", ({ publication: { message } }) => {
    seen.push([(clock.now() - startMs) / 1_000, message]);
    behave(seen.length, message);
  });
  deliveries.connect("sqs", ({ subscription, publication }) => {
    buried.push(`${publication.message} in ${subscription.endpoint}`);
  });
  return { clock, warnings, seen, buried, deliveries };
}
const fail = (): never => {
  throw new Error("busy");
};

test("SNS waits between retries as it says for queues and functions: 100,015 of them over 23 days", () => {
  const waits = Array.from({ length: 15 }, (_, n) => waitBefore(n + 1));
  expect(waits).toEqual([
    ...[0, 0, 0, 1_000, 1_000],
    ...[1_000, 1_395, 1_946, 2_714, 3_786, 5_282, 7_368, 10_278, 14_337, 20_000],
  ]);
  expect([waitBefore(16), waitBefore(100_015), waitBefore(100_016)]).toEqual([20_000, 20_000, undefined]);
});

test("a subscriber that is busy is asked again until it takes the message", async () => {
  const { clock, seen, buried, deliveries } = harness((call) => {
    if (call < 6) fail();
  });
  await deliveries.send(delivery("m"));
  expect(seen.length).toBeGreaterThan(0);
  await clock.advance(60_000);
  expect(seen.map(([second]) => second)).toEqual([0, 0, 0, 0, 1, 2]);
  expect(buried).toEqual([]);
});

test("what no retry helps goes to the subscription's own dead-letter queue at once", async () => {
  const { clock, seen, buried, deliveries } = harness(() => {
    throw new Undeliverable("there is no function");
  });
  await deliveries.send(delivery("m"));
  await clock.advance(0);
  expect([seen.length, buried, clock.pendingTimers]).toEqual([1, [`m in ${grave}`], 0]);
});

test("after the last retry a message is buried, and without a dead-letter queue a warning says what is lost", async () => {
  const { clock, seen, buried, warnings, deliveries } = harness(() => {
    if (clock.now() > lastRetryMs) throw new Undeliverable("gone");
    fail();
  });
  const lastRetryMs = clock.now() + 100_000;
  const { redrivePolicy: _, ...subscription } = delivery("m").subscription;
  await deliveries.send(delivery("m"));
  await deliveries.send({ ...delivery("n"), subscription });
  await clock.advance(200_000);
  expect(seen.length).toBeGreaterThan(20);
  expect(buried).toEqual([`m in ${grave}`]);
  expect(warnings).toEqual([
    "arn:subscription got nothing, and has no dead-letter queue: Undeliverable: gone",
  ]);
});

test("the messages of one group of a FIFO topic wait for each other; those of another do not", async () => {
  const { clock, seen, deliveries } = harness((_call, message) => {
    if (message === "a1" && clock.now() < readyMs) fail();
  });
  const readyMs = clock.now() + 5_000;
  const inGroup = (group: string, message: string) => delivery(message, { group, sequence: message });
  void deliveries.send(inGroup("a", "a1"));
  void deliveries.send(inGroup("a", "a2"));
  void deliveries.send(inGroup("b", "b1"));
  await clock.advance(60_000);
  const order = seen.map(([, message]) => message);
  expect(order.indexOf("b1")).toBeLessThan(order.indexOf("a2"));
  expect(order.slice(-2)).toEqual(["a1", "a2"]);
});

test("what waits for a retry is given up when the topic stops", async () => {
  const { clock, seen, buried, deliveries } = harness(fail);
  await deliveries.send(delivery("m"));
  await clock.advance(500);
  deliveries.stop();
  const before = seen.length;
  await clock.advance(60_000);
  expect([seen.length, buried, clock.pendingTimers]).toEqual([before, [], 0]);
});

test("a subscriber whom nobody here can reach is named each time", async () => {
  const { deliveries, warnings } = harness(() => undefined);
  const unreached = delivery("m");
  const push = { ...unreached, subscription: { ...unreached.subscription, protocol: "application" } };
  await deliveries.send(push);
  await deliveries.send(push);
  const line = "arn:subscription got nothing: no one here delivers to application";
  expect(warnings).toEqual([line, line]);
});
