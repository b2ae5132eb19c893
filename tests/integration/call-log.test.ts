import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CallRecord } from "#local/door/call-log.ts";
import type { AnsweredRequest } from "#local/request-log.ts";
import { ApiClient } from "#tests/support/api-client.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

const visa = { number: "4242424242424242" };

let stateDirectory: string;
let system: TestSystem;
let demo: ApiClient;
const told: { readonly request: AnsweredRequest; readonly calls: readonly CallRecord[] }[] = [];

beforeAll(async () => {
  stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-calls-"));
  system = await startTestSystem({
    stateDirectory,
    requestLog: (request, calls) => told.push({ request, calls: calls() }),
  });
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
});
afterAll(async () => {
  await system.stop();
  rmSync(stateDirectory, { recursive: true, force: true });
});

const namesOf = (calls: readonly CallRecord[]) =>
  calls
    .toSorted((a, b) => a.sequence - b.sequence)
    .map(({ caller, service, action }) => `${caller} ${service} ${action}`);

const saga = [
  "PaymentsApi states StartSyncExecution",
  "PostTask dynamodb TransactWriteItems",
  "SettleTask dynamodb TransactWriteItems",
];

test("each request is told with the AWS calls that it caused, through the saga and its tasks", async () => {
  const payment = await demo.payWithCard(visa);
  const { request, calls } = told.at(-1) ?? {};
  expect(request).toMatchObject({ method: "POST", path: "/v1/payments", statusCode: 201 });
  expect(namesOf(calls ?? [])).toEqual(expect.arrayContaining(saga));
  expect(new Set(calls?.map(({ trace }) => trace))).toEqual(new Set([request?.trace]));
  expect(calls?.flatMap(({ payments }) => payments)).toContain(payment.body.id);
  expect(calls?.flatMap(({ resources }) => resources)).toContain("ledger");
});

test("two requests at once do not get each other's calls", async () => {
  const before = told.length;
  const [first, second] = await Promise.all([demo.payWithCard(visa), demo.payWithCard(visa)]);
  const payments = told
    .slice(before)
    .filter(({ request }) => request.path === "/v1/payments")
    .map(({ calls }) => [...new Set(calls.flatMap((call) => call.payments))]);
  expect(payments).toHaveLength(2);
  expect(payments.flat().sort()).toEqual([first.body.id, second.body.id].sort());
});

test("a payment's calls can be asked for later", async () => {
  const payment = await demo.payWithCard(visa);
  const { stdout } = await promisify(execFile)(process.execPath, [
    "local/calls.ts",
    "--state",
    stateDirectory,
    payment.body.id,
  ]);
  // The first trace is the request's; what consumers did later has none.
  const [title = "", ...lines] = stdout.trimEnd().split("\n");
  const end = lines.findIndex((line) => /^\d{4}-/.test(line));
  const rows = end < 0 ? lines : lines.slice(0, end);
  expect(title).toContain(payment.body.id);
  expect(title).toContain(`${rows.length} AWS calls`);
  for (const call of saga) {
    const [caller = "", service, action] = call.split(" ");
    expect(rows).toContainEqual(expect.stringMatching(new RegExp(`${caller} +${service} ${action} `)));
  }
});

test("a payment that nobody made has none", async () => {
  const asked = promisify(execFile)(process.execPath, [
    "local/calls.ts",
    "--state",
    stateDirectory,
    "pay_00000000000000000000000000",
  ]);
  await expect(asked).rejects.toMatchObject({
    code: 1,
    stderr: "no call of pay_00000000000000000000000000 is remembered since the start\n",
  });
});
