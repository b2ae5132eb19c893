import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { afterEach, expect } from "vitest";
import { type FunctionLogLine, LambdaService, type LambdaServiceOptions } from "#local/lambda/service.ts";
import type { PlanResource } from "#local/plan/plan.ts";
import { planOf } from "./handmade-plan.ts";

/** Root of the repository, where the handlers of a plan are. */
export const taskRoot = fileURLToPath(new URL("../..", import.meta.url));
/** What a test started, to be ended behind it. */
export const ends: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

interface TestService {
  readonly service: LambdaService;
  readonly lines: FunctionLogLine[];
}

/** A local Lambda of these functions, which ends with its test. */
export function serviceOf(
  functions: readonly PlanResource[],
  options: Partial<LambdaServiceOptions> = {},
): TestService {
  const lines: FunctionLogLine[] = [];
  const service = new LambdaService({
    plan: planOf(functions),
    taskRoot,
    environmentOf: () => ({ AWS_ACCESS_KEY_ID: "LKIA1", AWS_ENDPOINT_URL: "http://127.0.0.1:1" }),
    log: (line) => lines.push(line),
    ...options,
  });
  ends.push(() => service.stop());
  return { service, lines };
}

/** An HTTP server that holds its requests until there are `answerAt` of them, and counts them. */
export async function listener(answerAt: number): Promise<{ url: string; requests: () => number }> {
  const held: (() => void)[] = [];
  let requests = 0;
  const server = createServer((_request, response) => {
    requests += 1;
    held.push(() => response.end("ok"));
    if (requests >= answerAt) for (const answer of held.splice(0)) answer();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests };
}

/** What a promise throws. */
export async function errorOf(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  return promise.then(
    () => expect.fail("it did not throw"),
    (thrown: unknown) => thrown as Record<string, unknown>,
  );
}
