import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiClient } from "#tests/support/api-client.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import {
  committed,
  type FunctionInputs,
  functions,
  listOf,
  lockedStages,
  projectRoot,
  type RoleInputs,
  statementsOf,
} from "./committed-plan.ts";
import { bundle } from "./render/bundle.ts";
import type { Esbuild } from "./render/esbuild.ts";
import { openPlatform } from "./render/platform.ts";
import { actionsWithin } from "./wiring/commands.ts";

interface Mapping {
  readonly functionName: string;
  readonly eventSourceArn: string;
  readonly destinationConfig?: { readonly onFailure?: { readonly destinationArn?: string } };
}

const functionType = "aws:lambda/function:Function";

/** The files that AWS would load, one bundle per function: what they ask of AWS, and the main path on them. */

let bundles: string;
let system: TestSystem;
/** What only stages on AWS have: nothing here runs it, and its bundle is made all the same. */
const onlyOnAws = committed("production")
  .ofType<FunctionInputs>(functionType)
  .filter(({ handler }) => !functions.some((here) => here.handler === handler));

/** What each function can ask of AWS, by its logical name. */
const asks = new Map<string, ReadonlySet<string>>();

beforeAll(async () => {
  bundles = mkdtempSync(join(tmpdir(), "tallystick-bundles-"));
  const esbuild = (await openPlatform(projectRoot)).require("esbuild") as Esbuild;
  expect(functions.length).toBeGreaterThan(0);
  for (const { name, handler = "" } of [...functions, ...onlyOnAws]) {
    const file = parse(handler);
    const outfile = join(bundles, file.dir, `${file.name}.mjs`);
    const { metafile } = await bundle(esbuild, projectRoot, handler, { outfile, write: true });
    const [bundled] = Object.values(metafile?.outputs ?? {});
    if (bundled === undefined) throw new Error(`esbuild says nothing of ${handler}`);
    asks.set(name, actionsWithin(bundled));
  }
  system = await startTestSystem({ taskRoot: bundles });
});
afterAll(async () => {
  await system?.stop();
  rmSync(bundles, { recursive: true, force: true });
});

test("each bundle takes its part in a payment: captured, declined, canceled, in review", async () => {
  const demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  const states: string[] = [];
  for (const number of ["4242424242424242", "4000000000000002", "4000000000005068", "4000000000005027"]) {
    states.push((await demo.payWithCard({ number })).body.state);
  }
  expect(states).toEqual(["captured", "declined", "canceled", "in_review"]);

  await counted(system.endpoints);
  const balance = await demo.get("/v1/ledger/trial-balance?currency=USD");
  expect(balance.body).toMatchObject({ debits: 12_34, credits: 12_34, balanced: true });
  expect((await demo.get("/v1/nothing")).statusCode).toBe(404);
});

test("no stage on AWS has a handler that is not among them", () => {
  const here = [...functions, ...onlyOnAws].map(({ handler }) => handler);
  for (const stage of lockedStages) {
    const there = committed(stage).ofType(functionType);
    expect(there.filter(({ handler }) => !here.includes(handler)).map(({ name }) => name)).toEqual([]);
  }
});

/** What Lambda does in a function's name: its log, its traces, and reading what it is invoked for. */
const lambdasOwn = /^(logs|xray):/;

const granting = (["local", "production"] as const).flatMap((stage) => {
  const plan = committed(stage);
  return plan.ofType<FunctionInputs>(functionType).map((fn) => ({ stage, name: fn.name, fn, plan }));
});

test.each(granting)("$name of $stage can call for each action that it is granted", ({ name, fn, plan }) => {
  const role = plan
    .ofType<RoleInputs>("aws:iam/role:Role")
    .find(({ outputs }) => outputs?.["arn"] === fn.inputs.role);
  const sources = plan
    .ofType<Mapping>("aws:lambda/eventSourceMapping:EventSourceMapping")
    .filter(({ inputs }) => inputs.functionName === fn.inputs.name);
  const pollers = sources.flatMap(({ inputs }) => [
    inputs.eventSourceArn,
    inputs.destinationConfig?.onFailure?.destinationArn,
  ]);
  const granted = (role === undefined ? [] : statementsOf(role))
    .filter(
      ({ Effect, Resource }) => Effect === "Allow" && !listOf(Resource).every((of) => pollers.includes(of)),
    )
    // A table and a secret under a key of ours ask KMS in the caller's name.
    .filter(({ Condition }) => !JSON.stringify(Condition ?? {}).includes("kms:ViaService"))
    .flatMap(({ Action }) => listOf(Action))
    .filter((action) => !lambdasOwn.test(action));
  // The Data API reads the secret of whom a statement is of, in the name of who starts it.
  const started = asks.get(name)?.has("redshift-data:ExecuteStatement") === true;
  const brought = started ? ["secretsmanager:GetSecretValue"] : [];
  expect(
    granted.filter((action) => asks.get(name)?.has(action) !== true && !brought.includes(action)),
  ).toEqual([]);
});
