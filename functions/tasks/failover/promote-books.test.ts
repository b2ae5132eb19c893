import { RDSClient } from "@aws-sdk/client-rds";
import type { Context } from "aws-lambda";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { handler } from "./promote-books.ts";

const step = { began: 1_772_366_400_000, execution: "arn:aws:states:eu-central-1:1:execution:failover:1" };
const context = { getRemainingTimeInMillis: () => 60_000 } as Context;
const home = "arn:aws:rds:eu-west-1:1:cluster:books";
const standby = "arn:aws:rds:eu-central-1:1:cluster:standby-books";

/** What was asked of RDS, in its order, and what it says of the database. */
let asked: object[];
let database: object;

const withWriter = (writer: string) => ({
  GlobalClusterMembers: [home, standby].map((DBClusterArn) => ({
    DBClusterArn,
    IsWriter: DBClusterArn === writer,
  })),
});
const look = { GlobalClusterIdentifier: "books" };
const failover = { ...look, TargetDbClusterIdentifier: standby, AllowDataLoss: true };

beforeEach(() => {
  asked = [];
  database = withWriter(home);
  vi.stubEnv("BOOKS_GLOBAL", "books");
  vi.stubEnv("BOOKS_CLUSTER_ARN", standby);
  vi.spyOn(RDSClient.prototype, "send").mockImplementation(async (command: { readonly input: object }) => {
    asked.push(command.input);
    return { GlobalClusters: [database] };
  });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

test("the books of this region are promoted, with the loss of what had not arrived", async () => {
  expect(await handler(step, context)).toEqual({ promotion: "asked" });
  expect(asked).toEqual([look, failover]);
});

test("books that are written to here already are left as they are", async () => {
  database = withWriter(standby);
  expect(await handler(step, context)).toEqual({ promotion: "already" });
  expect(asked).toEqual([look]);
});

test.each(["pending", "failing-over"])("a promotion that is %s is not asked for again", async (Status) => {
  database = { ...withWriter(home), FailoverState: { Status, ToDbClusterArn: standby } };
  expect(await handler(step, context)).toEqual({ promotion: "asked" });
  expect(asked).toEqual([look]);
});

test.each([
  ["is called off", { Status: "cancelling", ToDbClusterArn: standby }],
  ["goes the other way", { Status: "failing-over", ToDbClusterArn: home }],
])("a promotion that %s is asked for, and RDS has the last word", async (_, FailoverState) => {
  database = { ...withWriter(home), FailoverState };
  await handler(step, context);
  expect(asked).toEqual([look, failover]);
});

test.each([
  ["has no part here", withWriter(home), "arn:aws:rds:eu-central-1:1:cluster:another"],
  ["is not there", undefined, standby],
])("a database that %s is named, and nothing is promoted", async (_, found, own) => {
  vi.stubEnv("BOOKS_CLUSTER_ARN", own);
  vi.spyOn(RDSClient.prototype, "send").mockImplementation(async (command: { readonly input: object }) => {
    asked.push(command.input);
    return { GlobalClusters: found === undefined ? [] : [found] };
  });
  await expect(handler(step, context)).rejects.toThrow(`${own} is no part of books`);
  expect(asked).toEqual([look]);
});

test("what RDS refuses is thrown: the workflow says it in its output", async () => {
  vi.spyOn(RDSClient.prototype, "send").mockImplementation(async () => {
    throw new Error("InvalidGlobalClusterStateFault");
  });
  await expect(handler(step, context)).rejects.toThrow("InvalidGlobalClusterStateFault");
});

test("where a stage is alone there is nothing to promote", async () => {
  vi.stubEnv("BOOKS_GLOBAL", undefined);
  vi.stubEnv("BOOKS_CLUSTER_ARN", undefined);
  expect(await handler(step, context)).toEqual({ promotion: "none" });
  expect(asked).toEqual([]);
});
