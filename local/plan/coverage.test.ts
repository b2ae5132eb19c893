import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { tablePlansOf } from "../dynamodb/tables.ts";
import { scopesOf } from "../issuer/clients.ts";
import { keyPlansOf } from "../kms/plan.ts";
import { notRunIn } from "./coverage.ts";
import { foldDocuments } from "./documents.ts";
import type { Plan } from "./plan.ts";

const lock: Plan = JSON.parse(
  readFileSync(new URL("../../stacks/estate.local.lock.json", import.meta.url), "utf8"),
);
const plan: Plan = { ...lock, resources: lock.resources.map(foldDocuments) };

test("each type of the local plan runs here, or it was decided why it need not", () => {
  expect(notRunIn(plan).filter(({ because }) => because === undefined)).toEqual([]);
});

test("the engines find their resources in the local plan", () => {
  expect(tablePlansOf(plan).map(({ name }) => name)).toContain("tallystick-local-payments");
  expect(keyPlansOf(plan)).toContainEqual(
    expect.objectContaining({
      usage: "GENERATE_VERIFY_MAC",
      spec: "HMAC_256",
      aliases: ["alias/tallystick-local-fingerprint"],
    }),
  );
  expect(scopesOf(plan)).toContain("tallystick/payments.write");
});
