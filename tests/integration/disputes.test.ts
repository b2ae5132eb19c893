import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { StoredTables } from "#adapters/dynamodb/stored-tables.ts";
import { signatureHeader } from "#core/acquiring/notification.ts";
import { proofsOf } from "#core/proof/proof.ts";
import type { FaultRule } from "#local/door/faults.ts";
import { ApiClient, newKey } from "#tests/support/api-client.ts";
import { eventually } from "#tests/support/eventually.ts";
import { startTestSystem, storeOf, type TestSystem } from "#tests/support/local-system.ts";

let system: TestSystem;
let demo: ApiClient;
let operator: ApiClient;

beforeAll(async () => {
  system = await startTestSystem();
  demo = await ApiClient.signIn(system.endpoints, system.endpoints.merchants.demo);
  operator = await ApiClient.signIn(system.endpoints, system.endpoints.operator);
});
afterAll(() => system?.stop());

const longMs = 60_000;

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly [member: string]: unknown;
}

const alpha = () => system.endpoints.acquirers[0] ?? "";

/** What a person does at the acquirer's desk. */
async function atDesk(path: string, body: object, method = "POST"): Promise<Shown> {
  const answer = await fetch(`${alpha()}/sandbox/${path}`, { method, body: JSON.stringify(body) });
  return (await answer.json()) as Shown;
}
const notifyAt = (url: string | null) => atDesk("notify-url", { url }, "PUT");
const doorOf = () => `${system.endpoints.api}/v1/acquirers/alpha/notifications`;

/** A captured payment of 12.34 USD. */
async function paid(client = demo): Promise<string> {
  const { body } = await client.payWithCard({ number: "4242424242424242" });
  expect(body.state).toBe("captured");
  return body.id;
}

const disputesOf = async (payment: string, client = demo): Promise<readonly Shown[]> =>
  (await client.get(`/v1/disputes?payment=${payment}`)).body.data as Shown[];

const open = (payment: string, more: object = {}) =>
  atDesk("disputes", { operation_key: `${payment}:capture:1`, reason: "fraudulent", ...more });

/** A dispute of a payment, as soon as it is known here; with its id at the acquirer. */
async function disputed(
  payment: string,
  more: object = {},
  client = demo,
): Promise<{ readonly dispute: Shown; readonly theirs: string }> {
  const { id: theirs } = await open(payment, more);
  const dispute = await eventually(async () => (await disputesOf(payment, client))[0], longMs);
  return { dispute, theirs };
}

const inState = (id: string, state: string, client = demo) =>
  eventually(async () => {
    const { body } = await client.get(`/v1/disputes/${id}`);
    return body.state === state ? (body as Shown) : undefined;
  }, longMs);

const say = (id: string, word: "evidence" | "accept", body: object = {}, key = newKey(), client = demo) =>
  client.send("POST", `/v1/disputes/${id}/${word}`, { body, headers: { "idempotency-key": key } });

/** What an acquirer would have told, signed as it signs. */
async function tell(type: "opened" | "closed", payment: string, dispute: object): Promise<number> {
  const body = JSON.stringify({
    ...{ id: `ntf_${newKey()}`, created_at: new Date().toISOString(), type: `dispute.${type}` },
    ...{ merchant: "mer_demo", key: `${payment}:capture:1`, reference: "alpha-1", dispute },
  });
  const signature = signatureHeader(body, ["sandbox-notify-alpha"], Date.now());
  const headers = { "content-type": "application/json", "acquirer-signature": signature };
  return (await fetch(doorOf(), { method: "POST", headers, body })).status;
}

/** The journal's entries of a dispute, with what each moved, from the timeline of its payment. */
async function entriesOf(payment: string): Promise<readonly string[]> {
  const { body } = await operator.get(`/v1/ops/payments/${payment}/timeline`);
  return (
    body.data as {
      kind: string;
      entry?: string;
      legs?: { account: string; side: string; amount: number }[];
    }[]
  )
    .filter(({ kind, entry }) => kind === "journal" && entry?.includes(".chargeback"))
    .map(
      ({ entry, legs = [] }) =>
        `${entry?.split(".")[1]}: ${legs.map(({ account, side, amount }) => `${account.split(":")[1]} ${side} ${amount}`).join(", ")}`,
    );
}

const eventTypesOf = (id: string, count: number, client = demo) =>
  eventually(async () => {
    const { body } = await client.get("/v1/events?limit=100");
    const own = (body.data as { type: string; sequence: number; data: { id: string } }[]).filter(
      ({ data }) => data.id === id,
    );
    return own.length < count
      ? undefined
      : own.toSorted((a, b) => a.sequence - b.sequence).map(({ type }) => type);
  }, longMs);

const texts = { text: "signed for on 1 March", fields: { tracking_number: "T-1" } };

describe("a dispute", () => {
  test(
    "takes the money back when it is opened, and returns it when it is won by evidence",
    async () => {
      const payment = await paid();
      const { dispute } = await disputed(payment, { amount: 10_00 });
      expect(dispute).toMatchObject({
        state: "needs_response",
        amount: 10_00,
        reason: "fraudulent",
        payment,
      });
      const { text, fields } = { ...texts, text: `winning_evidence: ${texts.text}` };
      expect(await say(dispute.id, "evidence", { text, fields })).toMatchObject({
        statusCode: 202,
        body: { state: "needs_response", evidence: { text, fields } },
      });
      await inState(dispute.id, "under_review");
      expect(await inState(dispute.id, "won")).toMatchObject({ evidence: { text, fields } });
      expect(await entriesOf(payment)).toEqual([
        "chargeback: 2110 debit 1000, 1100 credit 1000",
        "chargeback_won: 1100 debit 1000, 2110 credit 1000",
      ]);
      expect(await eventTypesOf(dispute.id, 4)).toEqual([
        "dispute.opened",
        "dispute.evidence_given",
        "dispute.evidence_submitted",
        "dispute.won",
      ]);
      // The payment is what it was, and says where its disputes are.
      const shown = await demo.get(`/v1/payments/${payment}`);
      expect(shown.body).toMatchObject({ state: "captured", amount_refunded: 0 });
      expect(shown.headers.get("link")).toContain(`</v1/disputes?payment=${payment}>`);
    },
    longMs,
  );

  test(
    "is lost when nobody says anything in time, and then takes no evidence",
    async () => {
      const payment = await paid();
      const { dispute } = await disputed(payment, { due_in_seconds: 2 });
      expect(await inState(dispute.id, "lost")).toMatchObject({ loss: { code: "no_evidence" } });
      expect(await entriesOf(payment)).toHaveLength(1);
      expect(await say(dispute.id, "evidence", texts)).toMatchObject({
        statusCode: 409,
        body: { code: "dispute_wrong_state" },
      });
    },
    longMs,
  );

  test(
    "is lost at once when its merchant accepts it, whatever is said after that",
    async () => {
      const payment = await paid();
      const { dispute } = await disputed(payment);
      const key = newKey();
      const accepted = await say(dispute.id, "accept", {}, key);
      expect(accepted).toMatchObject({
        statusCode: 200,
        body: { state: "lost", loss: { code: "accepted" } },
      });
      expect((await say(dispute.id, "accept", {}, key)).text).toBe(accepted.text);
      expect((await say(dispute.id, "evidence", texts)).statusCode).toBe(409);
    },
    longMs,
  );

  test(
    "is decided against evidence, and says that somebody decided it",
    async () => {
      const payment = await paid();
      const { dispute } = await disputed(payment);
      await say(dispute.id, "evidence", { text: "losing_evidence" });
      expect(await inState(dispute.id, "lost")).toMatchObject({ loss: { code: "decided" } });
      expect(await entriesOf(payment)).toHaveLength(1);
    },
    longMs,
  );

  test(
    "has one piece of evidence: the same is a replay, another is refused",
    async () => {
      const payment = await paid();
      const { dispute } = await disputed(payment);
      const key = newKey();
      expect((await say(dispute.id, "evidence", texts, key)).statusCode).toBe(202);
      expect((await say(dispute.id, "evidence", texts, key)).headers.get("idempotent-replayed")).toBe("true");
      expect((await say(dispute.id, "evidence", { text: "else" }, key)).body.code).toBe(
        "idempotency_key_reused",
      );
      await inState(dispute.id, "under_review");
      expect((await say(dispute.id, "evidence", { text: "else" })).statusCode).toBe(409);
      expect((await say(dispute.id, "evidence", texts)).statusCode).toBe(202);
    },
    longMs,
  );

  test(
    "costs its merchant what was agreed, and is nobody else's",
    async () => {
      const id = `mer_d${newKey().replaceAll("-", "").slice(5, 20)}`;
      const terms = { USD: { basis_points: 100, fixed: 0, dispute_fee: 15_00, payment_max: 1_000_00 } };
      const onboarded = await operator.send("POST", "/v1/merchants", { body: { id, name: "Books", terms } });
      expect(onboarded).toMatchObject({ statusCode: 201, body: { terms } });
      const made = await operator.send("POST", `/v1/merchants/${id}/clients`, { body: { name: "shop" } });
      const shop = await ApiClient.signIn(system.endpoints, made.body);
      const payment = await paid(shop);
      const { dispute } = await disputed(payment, {}, shop);
      expect(dispute).toMatchObject({ amount: 12_34, fee: 15_00 });
      expect(await entriesOf(payment)).toEqual([
        "chargeback: 2110 debit 2734, 1100 credit 1234, 4200 credit 1500",
      ]);
      expect((await demo.get(`/v1/disputes/${dispute.id}`)).statusCode).toBe(404);
      expect((await demo.get(`/v1/disputes?payment=${payment}`)).statusCode).toBe(404);
      expect((await say(dispute.id, "accept")).statusCode).toBe(404);
      const { body } = await shop.get("/v1/disputes");
      expect(body.data).toMatchObject([{ id: dispute.id }]);
    },
    longMs,
  );
});

describe("an acquirer that tells of disputes", () => {
  test(
    "twice, tells of one",
    async () => {
      const payment = await paid();
      const { dispute, theirs } = await disputed(payment);
      const said = { id: theirs, amount: 12_34, currency: "USD", reason: "fraudulent" };
      expect(await Promise.all([1, 2, 3].map(() => tell("opened", payment, said)))).toEqual([202, 202, 202]);
      await say(dispute.id, "accept");
      expect(await tell("opened", payment, said)).toBe(202);
      expect(await disputesOf(payment)).toHaveLength(1);
      expect(await entriesOf(payment)).toHaveLength(1);
    },
    longMs,
  );

  test(
    "of the end before the beginning, has both booked",
    async () => {
      const payment = await paid();
      await notifyAt(null);
      try {
        const { id: theirs } = await open(payment);
        await atDesk(`disputes/${theirs}`, { outcome: "won" });
        const said = { id: theirs, amount: 12_34, currency: "USD", reason: "fraudulent" };
        expect(await tell("closed", payment, { ...said, outcome: "won" })).toBe(202);
        const dispute = await eventually(async () => (await disputesOf(payment))[0], longMs);
        await inState(dispute.id, "won");
        expect(await tell("opened", payment, said)).toBe(202);
        expect(await entriesOf(payment)).toHaveLength(2);
      } finally {
        await notifyAt(doorOf());
      }
    },
    longMs,
  );

  test(
    "that it is won, and knows better when it is asked, is not believed; what it tells after that is heard",
    async () => {
      const payment = await paid();
      const { dispute, theirs } = await disputed(payment);
      const said = { id: theirs, amount: 12_34, currency: "USD", reason: "fraudulent", outcome: "won" };
      expect(await tell("closed", payment, said)).toBe(202);
      await atDesk(`disputes/${theirs}`, { outcome: "lost" });
      expect(await inState(dispute.id, "lost")).toMatchObject({ loss: { code: "decided" } });
      expect(await entriesOf(payment)).toHaveLength(1);
    },
    longMs,
  );

  test(
    "of none that could be ours, or of another end than was written down, is kept for a person",
    async () => {
      const payment = await paid();
      const { dispute, theirs } = await disputed(payment);
      await say(dispute.id, "accept");
      const said = { amount: 12_34, currency: "USD", reason: "fraudulent" };
      const kept = async (of: string) => {
        const { body } = await operator.get("/v1/ops/dead-letters?limit=100");
        return (body.data as { payment?: string }[]).filter((letter) => letter.payment === of).length;
      };
      expect(await tell("opened", payment, { ...said, id: "case-1", amount: 12_35 })).toBe(202);
      expect(await tell("opened", payment, { ...said, id: "case-2", currency: "EUR" })).toBe(202);
      expect(await tell("closed", payment, { ...said, id: theirs, outcome: "won" })).toBe(202);
      expect(await kept(payment)).toBe(3);
      // One dispute is of one payment.
      const other = await paid();
      expect(await tell("opened", other, { ...said, id: theirs })).toBe(202);
      expect(await kept(other)).toBe(1);
      expect(await disputesOf(payment)).toHaveLength(1);
    },
    longMs,
  );
});

describe("a reply that is lost", () => {
  afterEach(() => system.faults.clear());

  test.each<{ what: string; rule: Omit<FaultRule, "fault"> }>([
    { what: "when it is opened", rule: { caller: "DisputeTask", action: "TransactWriteItems" } },
    {
      what: "when its evidence is written down",
      rule: { caller: "DisputesApi", action: "TransactWriteItems" },
    },
    {
      what: "when the acquirer has it",
      rule: { caller: "DisputeTask", action: "TransactWriteItems", skip: 1 },
    },
    { what: "when it is won", rule: { caller: "DisputeTask", action: "TransactWriteItems", skip: 2 } },
    { what: "when its saga is started", rule: { caller: "AcquirersApi", action: "StartExecution" } },
  ])(
    "$what changes nothing",
    async ({ rule }) => {
      const payment = await paid();
      const fault = system.faults.inject({ ...rule, fault: { kind: "lose_reply" } });
      const { dispute } = await disputed(payment);
      expect((await say(dispute.id, "evidence", { text: "winning_evidence" })).statusCode).toBe(202);
      await inState(dispute.id, "won");
      expect(fault.hits).toBe(1);
      expect(await disputesOf(payment)).toHaveLength(1);
      expect(await entriesOf(payment)).toHaveLength(2);
      expect(await eventTypesOf(dispute.id, 4)).toHaveLength(4);
    },
    longMs,
  );
});

test(
  "what was written in a dispute is erased with its payment's texts, and not while it is open",
  async () => {
    const payment = await paid();
    const { dispute, theirs } = await disputed(payment, { amount: 10_00 });
    await say(dispute.id, "evidence", { text: "signed for by Ann Example" });
    await inState(dispute.id, "under_review");
    const redact = () =>
      demo.send("POST", `/v1/payments/${payment}/redact`, {
        body: {},
        headers: { "idempotency-key": newKey() },
      });
    expect(await redact()).toMatchObject({ statusCode: 409, body: { code: "operation_in_progress" } });
    await atDesk(`disputes/${theirs}`, { outcome: "lost" });
    await inState(dispute.id, "lost");
    expect((await redact()).statusCode).toBe(200);
    expect((await demo.get(`/v1/disputes/${dispute.id}`)).body).toMatchObject({
      evidence: null,
      state: "lost",
    });
    expect(await eventTypesOf(dispute.id, 5)).toContain("dispute.redacted");
    // Another that comes after that: what is written then is erased by asking again.
    const { id: later } = await open(payment, { amount: 1 }).then(() =>
      eventually(async () => (await disputesOf(payment)).find(({ id }) => id !== dispute.id), longMs),
    );
    await say(later, "evidence", { text: "losing_evidence of Ann Example" });
    await inState(later, "lost");
    expect((await redact()).statusCode).toBe(200);
    expect((await demo.get(`/v1/disputes/${later}`)).body.evidence).toBeNull();
  },
  longMs,
);

test(
  "all of this is proved",
  async () => {
    const { client, tablePrefix } = storeOf(system.endpoints);
    const findings = await eventually(async () => {
      const proofs = proofsOf(
        await new StoredTables(new DynamoDBClient(client), tablePrefix).read(),
        Date.now(),
      );
      expect(
        proofs.find(({ claim }) => claim === "disputes and their entries agree")?.checked,
      ).toBeGreaterThan(5);
      const found = proofs.flatMap((proof) => proof.findings);
      return found.length === 0 ? found : undefined;
    }, longMs);
    expect(findings).toEqual([]);
  },
  longMs,
);
