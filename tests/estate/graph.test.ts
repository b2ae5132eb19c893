import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { production, projectRoot } from "./committed-plan.ts";
import { draw } from "./graph/draw.ts";
import { pictureOf } from "./graph/picture.ts";

const picture = pictureOf(production);
const arrows = picture.arrows.map(
  ({ from, to, isForFailures }) => `${from} ${isForFailures ? "╌" : "→"} ${to}`,
);

it("the picture in docs/ is that of the committed plan", async () => {
  const drawn = await draw(picture, "Tallystick, production");
  const kept = readFileSync(join(projectRoot, "docs/estate.svg"), "utf8");
  expect(kept === drawn, "docs/estate.svg is stale: run `npm run estate:graph`.").toBe(true);
});

it.each([
  ["a route", "ApiApi → PaymentsApiFunction"],
  ["an authorizer", "ApiApi → BearerAuthorizerFunction"],
  ["a start of a saga", "PaymentsApiFunction → PaymentSaga"],
  ["a task", "PaymentSaga → AuthorizeTaskFunction"],
  ["a table", "PostTaskFunction → LedgerTable"],
  ["a stream of a table", "PaymentsTable → RelayFunction"],
  ["a queue", "ChecksQueue → CheckFunction"],
  ["a rule", "FailedExecutions → DeadLettersQueue"],
  ["a schedule", "ExpireSchedule → ExpireFunction"],
  ["a rotation", "BooksOwner → RotateBooksOwnerFunction"],
  ["what a consumer fails on", "RelayFunction ╌ DeadLettersQueue"],
  ["what a queue gives up", "ChecksQueue ╌ DeadLettersQueue"],
])("shows %s as an arrow", (_what, arrow) => {
  expect(arrows).toContain(arrow);
});

it("leads from a source to its reader, and not back", () => {
  expect(arrows).not.toContain("CheckFunction → ChecksQueue");
  expect(arrows).not.toContain("RelayFunction → PaymentsTable");
});

it("has every function, each led to by something", () => {
  const functions = picture.nodes.filter(({ id }) => id.endsWith("Function"));
  expect(functions).toHaveLength(production.ofType("aws:lambda/function:Function").length);
  const led = new Set(picture.arrows.map(({ to }) => to));
  expect(functions.filter(({ id }) => !led.has(id))).toEqual([]);
});
