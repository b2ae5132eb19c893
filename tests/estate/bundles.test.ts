import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiClient } from "#tests/support/api-client.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import {
  committed,
  functions,
  listOf,
  lockedStages,
  ofType,
  projectRoot,
  roles,
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
/** What each function can ask of AWS, by its logical name. */
const asks = new Map<string, ReadonlySet<string>>();

beforeAll(async () => {
  bundles = mkdtempSync(join(tmpdir(), "tallystick-bundles-"));
  const esbuild = (await openPlatform(projectRoot)).require("esbuild") as Esbuild;
  expect(functions.length).toBeGreaterThan(0);
  for (const { name, handler = "" } of functions) {
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
  const here = functions.map(({ handler }) => handler);
  for (const stage of lockedStages) {
    const there = committed(stage).ofType(functionType);
    expect(there.filter(({ handler }) => !here.includes(handler)).map(({ name }) => name)).toEqual([]);
  }
});

/** What Lambda does in a function's name: its log, its traces, and reading what it is invoked for. */
const lambdasOwn = /^(logs|xray):/;

test.each(functions)("$name can call for each action that it is granted", ({ name, inputs: fn }) => {
  const role = roles.find(({ outputs }) => outputs?.["arn"] === fn.role);
  const sources = ofType<Mapping>("aws:lambda/eventSourceMapping:EventSourceMapping").filter(
    ({ inputs }) => inputs.functionName === fn.name,
  );
  const pollers = sources.flatMap(({ inputs }) => [
    inputs.eventSourceArn,
    inputs.destinationConfig?.onFailure?.destinationArn,
  ]);
  const granted = (role === undefined ? [] : statementsOf(role))
    .filter(
      ({ Effect, Resource }) => Effect === "Allow" && !listOf(Resource).every((of) => pollers.includes(of)),
    )
    // A table under a key of ours asks KMS in the caller's name.
    .filter(({ Condition }) => !JSON.stringify(Condition ?? {}).includes("kms:ViaService"))
    .flatMap(({ Action }) => listOf(Action))
    .filter((action) => !lambdasOwn.test(action));
  expect(granted.filter((action) => asks.get(name)?.has(action) !== true)).toEqual([]);
});
