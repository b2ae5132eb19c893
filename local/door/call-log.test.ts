import { expect, test } from "vitest";
import { CallLog, type CallRecord, namesIn, traceRootOf } from "./call-log.ts";

const payment = `pay_${"0123456789abcdefghjkmnpqrs"}`;

const record = (fields: Partial<CallRecord>): CallRecord => ({
  at: 0,
  sequence: 0,
  service: "dynamodb",
  action: "GetItem",
  caller: "payments",
  durationMs: 1,
  requestBytes: 10,
  responseBytes: 20,
  statusCode: 200,
  error: undefined,
  trace: undefined,
  resources: [],
  payments: [],
  ...fields,
});

test("a log remembers as many calls as it may, the latest ones", () => {
  const log = new CallLog(3);
  for (let at = 1; at <= 10; at += 1) log.add(record({ at }));
  expect(log.recent().map(({ at }) => at)).toEqual([8, 9, 10]);
});

test("the calls of a payment are those of every request that named it, also the calls that did not", () => {
  const log = new CallLog(10);
  log.add(record({ at: 1, trace: "1-a" }));
  log.add(record({ at: 2, trace: "1-a", payments: [payment] }));
  log.add(record({ at: 3, trace: "1-b" }));
  log.add(record({ at: 4, trace: "1-a", service: "kms" }));
  log.add(record({ at: 5, trace: undefined }));
  log.add(record({ at: 6, trace: undefined, payments: [payment] }));
  expect(log.ofPayment(payment).map(({ at }) => at)).toEqual([1, 2, 4, 6]);
  expect(log.ofPayment("pay_other")).toEqual([]);
  expect(log.ofTrace("1-b").map(({ at }) => at)).toEqual([3]);
});

test("a listener hears each call until it leaves", () => {
  const log = new CallLog(10);
  const heard: number[] = [];
  const leave = log.onCall(({ at }) => heard.push(at));
  log.add(record({ at: 1 }));
  leave();
  log.add(record({ at: 2 }));
  expect(heard).toEqual([1]);
});

test("a request's resources and payments are read from its body, names only", () => {
  const put = {
    TableName: "payments",
    Item: { pk: { S: `mer_demo#${payment}` }, note: { S: '"TableName":"forged"' } },
  };
  expect(namesIn(Buffer.from(JSON.stringify(put)))).toEqual({ resources: ["payments"], payments: [payment] });
  const start = {
    stateMachineArn: "arn:aws:states:eu-west-1:123456789012:stateMachine:payment",
    input: JSON.stringify({ payment, book: "mer_demo" }),
  };
  expect(namesIn(Buffer.from(JSON.stringify(start)))).toEqual({
    resources: ["payment"],
    payments: [payment],
  });
  const key = { KeyId: "arn:aws:kms:eu-west-1:123456789012:key/1234-5678" };
  expect(namesIn(Buffer.from(JSON.stringify(key)))).toEqual({ resources: ["1234-5678"], payments: [] });
});

test.each([
  ["Root=1-67a1-0123456789ab;Parent=53995c3f42cd8ad8;Sampled=1", "1-67a1-0123456789ab"],
  ["Sampled=1;Root=1-67a1-0123456789ab", "1-67a1-0123456789ab"],
  ["Parent=53995c3f42cd8ad8", undefined],
  [undefined, undefined],
])("the root of the trace header %s is %s", (header, root) => {
  expect(traceRootOf(header)).toBe(root);
});
