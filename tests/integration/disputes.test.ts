import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { counted } from "#tests/support/folds.ts";
import { startTestSystem, type TestSystem } from "#tests/support/local-system.ts";

let system: TestSystem;
let demo: ApiClient;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
});
afterAll(() => system?.stop());

const longMs = 60_000;

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly [member: string]: unknown;
}

/** What a person does at the acquirer's desk. */
async function atDesk(path: string, body: object): Promise<Shown> {
  const answer = await fetch(`${system.endpoints.acquirers[0]}/sandbox/${path}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  return (await answer.json()) as Shown;
}

/** A captured payment of 12.34 USD. */
async function paid(): Promise<string> {
  const { body } = await demo.payWithCard({ number: "4242424242424242" });
  expect(body.state).toBe("captured");
  return body.id;
}

const disputesOf = async (payment: string): Promise<readonly Shown[]> =>
  (await demo.get(`/v1/disputes?payment=${payment}`)).body.data as Shown[];

/** A dispute of a payment, as soon as it is known here; with its id at the acquirer. */
async function disputed(payment: string, more: object = {}): Promise<{ dispute: Shown; theirs: string }> {
  const opened = await atDesk("disputes", {
    operation_key: `${payment}:capture:1`,
    reason: "fraudulent",
    ...more,
  });
  const dispute = await eventually(async () => (await disputesOf(payment))[0], longMs);
  return { dispute, theirs: opened.id };
}

const inState = (id: string, state: string) =>
  eventually(async () => {
    const { body } = await demo.get(`/v1/disputes/${id}`);
    return body.state === state ? (body as Shown) : undefined;
  }, longMs);

const say = (id: string, word: "evidence" | "accept", body: object = {}, key = newKey()) =>
  demo.send("POST", `/v1/disputes/${id}/${word}`, { body, headers: { "idempotency-key": key } });

describe("a dispute", () => {
  test(
    "takes the money back when it is opened, and returns it when it is won by evidence",
    async () => {
      const payment = await paid();
      const { dispute } = await disputed(payment, { amount: 10_00 });
      expect(dispute).toMatchObject({ state: "needs_response", amount: 10_00, reason: "fraudulent", payment });
      const given = await say(dispute.id, "evidence", {
        text: "winning_evidence: signed for on 1 March",
        fields: { tracking_number: "T-1" },
      });
      expect(given).toMatchObject({ statusCode: 202 });
      await inState(dispute.id, "under_review");
      expect(await inState(dispute.id, "won")).toMatchObject({ evidence: { fields: { tracking_number: "T-1" } } });
    },
    longMs,
  );
});
