import { afterEach, expect, test } from "vitest";
import { type Health, serveHealth } from "./health.ts";

let health: Health | undefined;
afterEach(() => health?.stop());

async function ask(path: string, isReady: () => Promise<boolean>): Promise<number> {
  health = await serveHealth(0, isReady);
  return (await fetch(`http://127.0.0.1:${health.port}${path}`)).status;
}

test.each<[string, () => Promise<boolean>, number]>([
  ["/live", () => Promise.reject(new Error("no books")), 200],
  ["/ready", () => Promise.resolve(true), 200],
  ["/ready", () => Promise.resolve(false), 503],
  ["/ready", () => Promise.reject(new Error("no books")), 503],
  ["/", () => Promise.resolve(true), 404],
])("%s, %s: %i", async (path, isReady, statusCode) => {
  expect(await ask(path, isReady)).toBe(statusCode);
});
