import { beforeEach, describe, expect, test } from "vitest";
import { StoreUnavailable } from "#adapters/dynamodb/errors.ts";
import { KeysUnavailable } from "#adapters/kms/errors.ts";
import type { Payment } from "#core/payments/payment.ts";
import { demo, exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";
import { apiRequest } from "#tests/support/requests.ts";
import { returnCustomers } from "./return-customer.ts";

const waiting = examplePayment({ state: "requires_action", acquirer: "alpha", acquirerReference: "r-1" });
const captured = examplePayment({
  state: "captured",
  authorization: exampleAuthorization,
  captured: 100_00n,
  refunded: 0n,
});
const returnUrl = "https://shop.example/done?cart=7";
const { id } = waiting;
const ours = { merchant: demo, signature: "good" };

/** What the ports answer, and what they were asked for. */
function world() {
  return {
    now: noon,
    stored: { ...waiting, returnUrl } as Payment | undefined,
    calls: [] as string[],
    fails: undefined as Error | undefined,
  };
}
let its: ReturnType<typeof world>;
let comeBack: ReturnType<typeof returnCustomers>;
beforeEach(() => {
  its = world();
  comeBack = returnCustomers({
    payments: {
      get: async (book, asked) => {
        its.calls.push(`read ${book} ${asked}`);
        if (its.fails !== undefined) throw its.fails;
        return its.stored;
      },
    },
    saga: {
      run: async (payment, waitMs, entry) => {
        its.calls.push(`run ${payment.id} from ${entry?.step} for ${waitMs} ms`);
        return { kind: "unknown", reason: "TimeoutError" };
      },
    },
    links: { isOurs: async (_returning, signature) => signature === "good" },
    now: () => its.now,
  });
});

const come = (query: Record<string, string> = ours, payment: string = id) =>
  comeBack(apiRequest({ method: "GET", parameters: { id: payment }, query, verdict: undefined }));
const read = `read ${demo} ${id}`;
const run = `run ${id} from resume for 4000 ms`;

describe("a customer who comes back", () => {
  test("makes the saga ask the acquirer, and goes on to the merchant's page, also when the outcome is late", async () => {
    expect(await come()).toEqual({
      statusCode: 303,
      headers: {
        location: `${returnUrl}&payment=${id}`,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
      },
      html: "",
    });
    expect(its.calls).toEqual([read, run]);
  });

  test("after the outcome is known makes nobody ask, and goes to the same page", async () => {
    its.stored = { ...captured, returnUrl };
    expect((await come()).headers["location"]).toBe(`${returnUrl}&payment=${id}`);
    expect(its.calls).toEqual([read]);
  });

  test("to a merchant without a page sees one that says nothing of the payment", async () => {
    its.stored = waiting;
    const page = await come();
    expect([page.statusCode, page.headers["location"]]).toEqual([200, undefined]);
    expect(page.headers).toMatchObject({
      "content-security-policy": expect.stringContaining("default-src 'none'"),
    });
    expect(page.html).not.toMatch(/pay_|mer_|100/);
    expect(its.calls).toEqual([read, run]);
  });

  test("and reloads makes nobody ask again at once", async () => {
    await come();
    its.now += 1_999;
    expect((await come()).statusCode).toBe(303);
    expect(its.calls.filter((call) => call === run)).toHaveLength(1);
    its.now += 1;
    await come();
    expect(its.calls.filter((call) => call === run)).toHaveLength(2);
  });

  test("may bring what the acquirer added to the link", async () => {
    expect((await come({ ...ours, transStatus: "Y" })).statusCode).toBe(303);
  });
});

describe("a link that is not ours is answered as a payment without a page is, and nothing is looked up", () => {
  test.each([
    ["a guessed signature", { ...ours, signature: "guess" }, id],
    ["no signature", { merchant: demo }, id],
    ["no merchant", { signature: "good" }, id],
    ["what can be no merchant", { ...ours, merchant: "../x" }, id],
    ["what can be no payment", ours, "pay_1"],
    ["a page to be sent to", { return_url: "https://evil.example" }, id],
  ])("%s", async (_what, query, payment) => {
    its.stored = waiting;
    const done = await come();
    its.calls.length = 0;
    expect(await come(query, payment)).toEqual(done);
    expect(its.calls).toEqual([]);
  });

  test("nor does a payment that is gone differ", async () => {
    its.stored = waiting;
    const done = await come();
    its.stored = undefined;
    expect(await come()).toEqual(done);
  });
});

test.each([new StoreUnavailable("down"), new KeysUnavailable("down")])(
  "while %s, the customer is asked to reload",
  async (error) => {
    its.fails = error;
    expect(await come()).toMatchObject({ statusCode: 503, headers: { "retry-after": "1" } });
  },
);
