import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, parse } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ApiClient } from "#tests/support/api-client.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";
import { ofType, projectRoot } from "./committed-plan.ts";
import { bundle } from "./render/bundle.ts";
import type { Esbuild } from "./render/esbuild.ts";
import { openPlatform } from "./render/platform.ts";

/** The main path on the files that AWS would load: one bundle per function, and no node_modules beside it. */

let bundles: string;
let system: TestSystem;

beforeAll(async () => {
  bundles = mkdtempSync(join(tmpdir(), "tallystick-bundles-"));
  const esbuild = (await openPlatform(projectRoot)).require("esbuild") as Esbuild;
  const handlers = ofType("aws:lambda/function:Function").map(({ handler }) => handler ?? "");
  expect(handlers.length).toBeGreaterThan(0);
  for (const handler of handlers) {
    const { dir, name } = parse(handler);
    await bundle(esbuild, projectRoot, handler, { outfile: join(bundles, dir, `${name}.mjs`), write: true });
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
