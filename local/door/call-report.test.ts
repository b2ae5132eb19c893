import { expect, test } from "vitest";
import type { CallRecord } from "./call-log.ts";
import { byTrace, reportOf, titleOf } from "./call-report.ts";

const payment = "pay_0123456789abcdefghjkmnpqrs";
const call = (fields: Partial<CallRecord>): CallRecord => ({
  at: 1_000,
  sequence: 1,
  service: "dynamodb",
  action: "GetItem",
  caller: "PaymentsApi",
  durationMs: 1.234,
  requestBytes: 90,
  responseBytes: 1_200,
  statusCode: 200,
  error: undefined,
  trace: "1-a",
  resources: ["payments"],
  payments: [],
  ...fields,
});
const calls = [
  call({
    at: 1_012,
    sequence: 2,
    service: "kms",
    action: "Decrypt",
    caller: "AuthorizeTask",
    resources: ["vault"],
    durationMs: 12,
  }),
  call({ at: 1_000, payments: [payment] }),
  call({
    at: 1_130,
    sequence: 3,
    action: "PutItem",
    statusCode: 400,
    error: "ConditionalCheckFailedException",
  }),
];

test("a request's calls are told in the order in which they started, in columns", () => {
  expect(reportOf(calls)).toEqual([
    "    +0 ms  PaymentsApi    dynamodb GetItem  payments   1.2 ms  90 B → 1200 B",
    "   +12 ms  AuthorizeTask  kms Decrypt       vault     12.0 ms  90 B → 1200 B",
    "  +130 ms  PaymentsApi    dynamodb PutItem  payments   1.2 ms  90 B → 1200 B  ConditionalCheckFailedException",
  ]);
  expect(reportOf([])).toEqual([]);
});

test("a title counts the calls and names the payments", () => {
  expect(titleOf(calls)).toBe(`3 AWS calls, ${payment}`);
  expect(titleOf(calls.slice(2))).toBe("1 AWS call");
});

test("calls are grouped by request", () => {
  const other = call({ trace: "1-b" });
  const nobodys = call({ trace: undefined });
  expect(byTrace([...calls, other, nobodys])).toEqual([
    { trace: "1-a", records: calls },
    { trace: "1-b", records: [other] },
    { trace: undefined, records: [nobodys] },
  ]);
});
