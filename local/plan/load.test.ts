import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { notRunIn } from "./coverage.ts";
import { inputsOf, loadPlan, resourcesOf } from "./load.ts";
import type { Plan, PlanResource } from "./plan.ts";

const resource = (type: string, name: string, inputs = {}): PlanResource => ({
  urn: `urn:pulumi:local::tallystick::${type}::${name}`,
  type,
  name,
  inputs,
});
const plan: Plan = {
  format: 1,
  app: "tallystick",
  stage: "local",
  region: "eu-west-1",
  account: "123456789012",
  sst: "4.17.1",
  source_hash: "sha256:aa",
  resources: [
    resource("aws:kms/key:Key", "Vault"),
    resource("sst:aws:Dynamo", "Payments"),
    resource("aws:dynamodb/table:Table", "PaymentsTable", { name: "payments" }),
    resource("aws:mq/broker:Broker", "Later"),
    resource("aws:mq/broker:Broker", "LaterToo"),
    resource("aws:budgets/budget:Budget", "Cost"),
    resource("aws:cloudwatch/logGroup:LogGroup", "Logs"),
  ],
};

describe("the lock", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "tallystick-plan-"));
    mkdirSync(join(root, "stacks"));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const lock = (text: string) => writeFileSync(join(root, "stacks/estate.local.lock.json"), text);
  const load =
    (hash = "sha256:aa") =>
    () =>
      loadPlan(root, () => hash);

  test("that is fresh is the plan", () => {
    lock(JSON.stringify(plan));
    expect(load()()).toEqual(plan);
  });

  test("holds documents as JSON, and the plan has them as the text that AWS takes", () => {
    const machine = resource("aws:sfn/stateMachine:StateMachine", "Payment", {
      definition: { StartAt: "Go" },
    });
    lock(JSON.stringify({ ...plan, resources: [machine] }));
    expect(load()().resources[0]?.inputs).toEqual({ definition: '{"StartAt":"Go"}' });
  });

  test("that is stale stops the start", () => {
    lock(JSON.stringify(plan));
    expect(load("sha256:bb")).toThrow("stacks/estate.local.lock.json is stale: run `npm run estate:lock`");
  });

  test("that is missing stops the start", () => {
    expect(load()).toThrow(
      "stacks/estate.local.lock.json cannot be read (ENOENT): run `npm run estate:lock`",
    );
  });

  test.each([
    ["is not JSON", "<<<<<<< HEAD"],
    ["is of another format", JSON.stringify({ ...plan, format: 2 })],
    ["lacks a property", JSON.stringify({ ...plan, resources: [{ urn: "x" }] })],
  ])("that %s stops the start", (_what, text) => {
    lock(text);
    expect(load()).toThrow(
      "stacks/estate.local.lock.json is damaged: check it out again, or run `npm run estate:lock`",
    );
  });
});

test("resources are found by type, in the plan's order", () => {
  expect(resourcesOf(plan, "aws:mq/broker:Broker").map(({ name }) => name)).toEqual(["Later", "LaterToo"]);
});

test("an input that an engine cannot run is named", () => {
  const [table] = resourcesOf(plan, "aws:dynamodb/table:Table");
  expect(() => inputsOf(table as PlanResource, z.object({ hashKey: z.string() }))).toThrow(
    "the plan's aws:dynamodb/table:Table PaymentsTable has inputs.hashKey that the local cloud cannot run",
  );
});

test("types that nothing here runs are listed with their resources, and why; components are not", () => {
  expect(notRunIn(plan)).toEqual([
    { type: "aws:budgets/budget:Budget", names: ["Cost"], because: undefined },
    { type: "aws:cloudwatch/logGroup:LogGroup", names: ["Logs"], because: "logs go to the terminal" },
    { type: "aws:mq/broker:Broker", names: ["Later", "LaterToo"], because: undefined },
  ]);
});
