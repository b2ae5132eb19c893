import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAcquirers, type HttpAcquirers, type Silence } from "#adapters/acquirers/acquirers.ts";
import { HttpAcquirer } from "#adapters/acquirers/http-acquirer.ts";
import { failuresMax } from "#core/acquiring/circuit-breaker.ts";
import type { AuthorizeRequest, FollowUpRequest } from "#core/acquiring/port.ts";
import { SandboxAcquirer } from "#local/acquirers/acquirer.ts";
import { type RunningServer, startServer } from "#local/acquirers/server.ts";

/** How long the client waits for an answer that does not come. */
const patienceMs = 200;
let references = 0;
let operations = 0;
const freshKey = () => `pay_${++operations}:test:1`;

let alphaServer: RunningServer;
let betaServer: RunningServer;
let alpha: HttpAcquirer;
let beta: HttpAcquirer;

function startSandbox(name: string, apiKey?: string): Promise<RunningServer> {
  const acquirer = new SandboxAcquirer({
    name,
    clock: Date.now,
    newReference: () => `${name}_${++references}`,
    digestKey: Buffer.from("a key of the tests"),
  });
  return startServer(acquirer, { port: 0, latencyMs: 0, ...(apiKey === undefined ? {} : { apiKey }) });
}

const client = (name: string, url: string, apiKey = `sandbox-${name}`) =>
  new HttpAcquirer({ name, url, apiKey, clock: Date.now });

beforeAll(async () => {
  [alphaServer, betaServer] = await Promise.all([startSandbox("alpha"), startSandbox("beta")]);
  alpha = client("alpha", alphaServer.url);
  beta = client("beta", betaServer.url);
});

afterAll(async () => {
  alpha.close();
  beta.close();
  await Promise.all([alphaServer.stop(), betaServer.stop()]);
});

const authorization = (number: string, waitMs = 5_000): AuthorizeRequest => ({
  key: freshKey(),
  merchant: "mer_demo",
  amount: 1_099n,
  currency: "EUR",
  card: { number, expMonth: 12, expYear: 2_040, holderName: "Ada Lovelace" },
  deadline: Date.now() + waitMs,
});

const followUp = (reference: string, amount = 1_099n, waitMs = 5_000): FollowUpRequest => ({
  key: freshKey(),
  reference,
  amount,
  currency: "EUR",
  deadline: Date.now() + waitMs,
});

/** What the acquirer itself says that it did under a key. */
async function inquire(server: RunningServer, key: string): Promise<unknown> {
  const answer = await fetch(`${server.url}/v1/operations/${encodeURIComponent(key)}`);
  return answer.status === 200 ? ((await answer.json()) as { result: string }).result : answer.status;
}

async function approvedReference(number: string): Promise<string> {
  const outcome = await alpha.authorize(authorization(number));
  if (outcome.kind !== "approved") throw new Error(`expected an approval, got ${outcome.kind}`);
  return outcome.reference;
}

describe("an authorization over HTTP", () => {
  it.each(["4242424242424242", "5555555555554444", "378282246310005"])(
    "of %s is approved",
    async (number) => {
      const outcome = await alpha.authorize(authorization(number));
      expect(outcome).toEqual({
        kind: "approved",
        reference: expect.stringMatching(/^alpha_/),
        expiresAt: expect.any(Number),
      });
    },
  );

  it.each([
    ["4000000000000002", "do_not_honor"],
    ["4000000000009995", "insufficient_funds"],
    ["4000000000009987", "lost_card"],
    ["4000000000009979", "stolen_card"],
    ["4000000000000069", "expired_card"],
    ["4000000000000127", "incorrect_cvc"],
    ["4000000000000119", "processing_error"],
    ["4111111111111111", "do_not_honor"],
  ])("of %s is declined: %s", async (number, code) => {
    expect(await alpha.authorize(authorization(number))).toMatchObject({ kind: "declined", code });
  });

  it.each([
    { number: "4000000000005001", reason: "no_answer:deadline", truth: "approved" },
    { number: "4000000000005019", reason: "no_answer:deadline", truth: 404 },
    { number: "4000000000005027", reason: "answer:http_500", truth: "approved" },
  ])("of $number is unknown, and an inquiry says $truth", async ({ number, reason, truth }) => {
    const request = authorization(number, patienceMs);
    expect(await alpha.authorize(request)).toEqual({ kind: "unknown", reason });
    expect(await inquire(alphaServer, request.key)).toBe(truth);
  });

  it("of the slow card is approved by one who waits", async () => {
    expect(await alpha.authorize(authorization("4000000000005035"))).toMatchObject({ kind: "approved" });
  });

  it("of the slow card is unknown to one who does not wait: first not found, and then approved", async () => {
    const request = authorization("4000000000005035", patienceMs);
    expect(await alpha.authorize(request)).toEqual({ kind: "unknown", reason: "no_answer:deadline" });
    expect(await inquire(alphaServer, request.key)).toBe(404);
    await expect.poll(() => inquire(alphaServer, request.key), { timeout: 10_000 }).toBe("approved");
  });

  it("that the primary promises not to have accepted is approved by the secondary", async () => {
    const request = authorization("4000000000005043");
    expect(await alpha.authorize(request)).toEqual({ kind: "not_attempted", reason: "refused:not_accepted" });
    expect(await inquire(alphaServer, request.key)).toBe(404);
    expect(await beta.authorize(request)).toMatchObject({ kind: "approved" });
  });

  it("under a key that was used before replays what happened", async () => {
    const request = authorization("4242424242424242");
    const [first, second] = await Promise.all([alpha.authorize(request), alpha.authorize(request)]);
    expect(first).toMatchObject({ kind: "approved" });
    expect(second).toEqual(first);
  });

  it("under a key that was used for something else is unknown", async () => {
    const request = authorization("4242424242424242");
    await alpha.authorize(request);
    expect(await alpha.authorize({ ...request, amount: 2n })).toEqual({
      kind: "unknown",
      reason: "answer:http_422",
    });
  });

  it("of 10^15 minor units arrives whole", async () => {
    const request = { ...authorization("4242424242424242"), amount: 1_000_000_000_000_000n };
    const outcome = await alpha.authorize(request);
    if (outcome.kind !== "approved") throw new Error(`expected an approval, got ${outcome.kind}`);
    const more = followUp(outcome.reference, 1_000_000_000_000_000n);
    expect(await alpha.capture(more)).toMatchObject({ kind: "approved" });
  });

  it.each([0n, -1n, 1_000_000_000_000_001n])("of %s minor units is never sent", async (amount) => {
    const request = { ...authorization("4242424242424242"), amount };
    await expect(alpha.authorize(request)).rejects.toThrow("an amount is 1 to 10^15 minor units");
    expect(await inquire(alphaServer, request.key)).toBe(404);
  });

  it("that the acquirer cannot read was not attempted", async () => {
    const outcome = await alpha.authorize(authorization("not a number"));
    expect(outcome).toEqual({ kind: "not_attempted", reason: "refused:malformed" });
  });

  it("that is too large for the acquirer was not attempted", async () => {
    const request = { ...authorization("4242424242424242"), merchant: "m".repeat(70_000) };
    expect(await alpha.authorize(request)).toEqual({ kind: "not_attempted", reason: "refused:too_large" });
  });
});

describe("what follows an authorization over HTTP", () => {
  it("is one capture", async () => {
    const reference = await approvedReference("4242424242424242");
    expect(await alpha.capture(followUp(reference, 2_000n))).toMatchObject({ code: "operation_refused" });
    expect(await alpha.capture(followUp(reference, 500n))).toEqual({ kind: "approved", reference });
    expect(await alpha.capture(followUp(reference, 500n))).toMatchObject({ code: "operation_refused" });
    expect(await alpha.void(followUp(reference))).toMatchObject({ code: "operation_refused" });
  });

  it("or one void", async () => {
    const reference = await approvedReference("4242424242424242");
    expect(await alpha.void(followUp(reference))).toEqual({ kind: "approved", reference });
    expect(await alpha.capture(followUp(reference))).toMatchObject({ code: "operation_refused" });
  });

  it("is unknown for the card whose captures get no answer, and was executed", async () => {
    const request = followUp(await approvedReference("4000000000005050"), 1_099n, patienceMs);
    expect(await alpha.capture(request)).toEqual({ kind: "unknown", reason: "no_answer:deadline" });
    expect(await inquire(alphaServer, request.key)).toBe("approved");
  });

  it("is a void for the card whose captures are refused", async () => {
    const reference = await approvedReference("4000000000005068");
    expect(await alpha.capture(followUp(reference))).toEqual({
      kind: "declined",
      code: "operation_refused",
      reference,
    });
    expect(await alpha.void(followUp(reference))).toEqual({ kind: "approved", reference });
  });

  it("is refused by an acquirer that knows nothing of the authorization", async () => {
    const reference = await approvedReference("4242424242424242");
    expect(await beta.capture(followUp(reference))).toMatchObject({ code: "operation_refused" });
  });
});

describe("refunds over HTTP", () => {
  it("give back what was captured, part by part, and no more", async () => {
    const reference = await approvedReference("4242424242424242");
    expect(await alpha.capture(followUp(reference, 1_000n))).toMatchObject({ kind: "approved" });
    const first = followUp(reference, 600n);
    expect(await alpha.refund(first)).toEqual({ kind: "approved", reference });
    expect(await alpha.refund(followUp(reference, 401n))).toMatchObject({ code: "operation_refused" });
    expect(await alpha.refund(first)).toEqual({ kind: "approved", reference });
    expect(await alpha.refund(followUp(reference, 400n))).toEqual({ kind: "approved", reference });
  });

  it("are unknown for the card whose refunds get no answer, and were executed", async () => {
    const reference = await approvedReference("4000000000005076");
    await alpha.capture(followUp(reference));
    const request = followUp(reference, 500n, patienceMs);
    expect(await alpha.refund(request)).toEqual({ kind: "unknown", reason: "no_answer:deadline" });
    expect(await alpha.inquire({ key: request.key, deadline: Date.now() + 5_000 })).toEqual({
      kind: "found",
      operation: "refund",
      outcome: { kind: "approved", reference },
    });
  });
});

describe("an inquiry over HTTP", () => {
  const inquireOf = (key: string) => alpha.inquire({ key, deadline: Date.now() + 5_000 });

  it.each([
    { number: "4000000000005001", found: { kind: "approved", expiresAt: expect.any(Number) } },
    { number: "4000000000005027", found: { kind: "approved", expiresAt: expect.any(Number) } },
    { number: "4000000000000069", found: { kind: "declined", code: "expired_card" } },
    { number: "4000000000005084", found: { kind: "pending" } },
  ])("of $number finds $found.kind", async ({ number, found }) => {
    const request = authorization(number, patienceMs);
    await alpha.authorize(request);
    expect(await inquireOf(request.key)).toEqual({
      kind: "found",
      operation: "authorize",
      outcome: { ...found, reference: expect.stringMatching(/^alpha_/) },
    });
  });

  it("finds nothing under a key that the acquirer does not know, or not yet", async () => {
    expect(await inquireOf(freshKey())).toEqual({ kind: "not_found" });
    const slow = authorization("4000000000005035", patienceMs);
    await alpha.authorize(slow);
    expect(await inquireOf(slow.key)).toEqual({ kind: "not_found" });
  });

  it("learns nothing from an acquirer that is not there, or that it has no key for", async () => {
    const server = await startSandbox("alpha", "the right one");
    const wrong = client("alpha", server.url, "a wrong one");
    const inquiry = { key: freshKey(), deadline: Date.now() + 5_000 };
    expect(await wrong.inquire(inquiry)).toEqual({ kind: "unavailable", reason: "answer:http_401" });
    await server.stop();
    expect(await wrong.inquire(inquiry)).toMatchObject({ kind: "unavailable" });
    wrong.close();
  });

  it("that comes too late is not sent", async () => {
    expect(await alpha.inquire({ key: freshKey(), deadline: Date.now() - 1 })).toEqual({
      kind: "unavailable",
      reason: "no_connection:deadline_passed",
    });
  });
});

describe("a reversal over HTTP", () => {
  const reverse = (operationKey: string, key = freshKey()) =>
    alpha.reverse({ key, operationKey, amount: 1_099n, currency: "EUR", deadline: Date.now() + 5_000 });

  it("undoes an authorization whose answer never came", async () => {
    const request = authorization("4000000000005001", patienceMs);
    expect(await alpha.authorize(request)).toMatchObject({ kind: "unknown" });
    expect(await reverse(request.key)).toMatchObject({ kind: "approved" });
    const again = { ...request, deadline: Date.now() + 5_000 };
    expect(await alpha.authorize(again)).toMatchObject({ kind: "declined", code: "operation_refused" });
  });

  it("overtakes an authorization that is still on its way, which is then refused", async () => {
    const slow = authorization("4000000000005035");
    const answer = alpha.authorize(slow);
    await new Promise((resolve) => setTimeout(resolve, patienceMs));
    expect(await reverse(slow.key)).toMatchObject({ kind: "approved" });
    expect(await answer).toMatchObject({ kind: "declined", code: "operation_refused" });
    expect(await inquire(alphaServer, slow.key)).toBe("declined");
  });

  it("of what was captured is refused", async () => {
    const request = authorization("4242424242424242");
    const outcome = await alpha.authorize(request);
    if (outcome.kind !== "approved") throw new Error(`expected an approval, got ${outcome.kind}`);
    await alpha.capture(followUp(outcome.reference));
    expect(await reverse(request.key)).toEqual({
      kind: "declined",
      code: "operation_refused",
      reference: outcome.reference,
    });
  });

  it("of itself is not attempted", async () => {
    const key = freshKey();
    expect(await reverse(key, key)).toEqual({ kind: "not_attempted", reason: "refused:malformed" });
  });
});

describe("an acquirer that asks for a key", () => {
  it("executes nothing for one who has another", async () => {
    const server = await startSandbox("alpha", "the right one");
    const [right, wrong] = ["the right one", "a wrong one"].map((key) => client("alpha", server.url, key));
    const request = authorization("4242424242424242");
    const refused = { kind: "not_attempted", reason: "refused:unauthorized" };
    try {
      expect(await wrong?.authorize(request)).toEqual(refused);
      expect(await right?.authorize(request)).toMatchObject({ kind: "approved" });
    } finally {
      right?.close();
      wrong?.close();
      await server.stop();
    }
  });
});

describe("the acquirers of a stage", () => {
  const eur = { currency: "EUR", method: "card" } as const;
  let now = Date.now();
  let acquirers: HttpAcquirers;
  const silences: Silence[] = [];

  beforeAll(() => {
    const settings = [
      { name: "beta", url: betaServer.url, currencies: ["EUR", "KWD"], cost_bp: 35 },
      { name: "alpha", url: alphaServer.url, currencies: ["EUR"], cost_bp: 20 },
    ];
    acquirers = createAcquirers(JSON.stringify(settings), {
      clock: () => now,
      onSilence: (silence) => silences.push(silence),
    });
  });
  afterAll(() => acquirers.close());

  it("are asked by cost, then left out while they are unwell, then tried again", async () => {
    expect(acquirers.route(eur)).toEqual(["alpha", "beta"]);
    expect(acquirers.route({ currency: "KWD", method: "card" })).toEqual(["beta"]);
    for (let n = 0; n < failuresMax; n++) {
      const request = { ...authorization("4000000000005043"), deadline: now + 5_000 };
      expect(await acquirers.named("alpha").authorize(request)).toMatchObject({ kind: "not_attempted" });
    }
    expect(acquirers.route(eur)).toEqual(["beta"]);

    now += 5_000;
    expect(acquirers.route(eur)).toEqual(["alpha", "beta"]);
    const probe = { ...authorization("4000000000000002"), deadline: now + 5_000 };
    const answer = acquirers.named("alpha").authorize(probe);
    expect(acquirers.route(eur)).toEqual(["beta"]);
    expect(await answer).toMatchObject({ kind: "declined" });
    expect(acquirers.route(eur)).toEqual(["alpha", "beta"]);
    // A decline is an answer.
    expect(silences.map(({ acquirer }) => acquirer)).toEqual(Array(failuresMax).fill("alpha"));
  });

  it("are those of the settings and no other", () => {
    expect(() => acquirers.named("gamma")).toThrow("the acquirer gamma is in the settings");
  });
});
