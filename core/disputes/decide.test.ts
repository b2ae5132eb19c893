import { expect, test } from "vitest";
import {
  exampleAuthorization as authorization,
  day,
  demo,
  exampleDispute,
  examplePayment,
  noon,
} from "#tests/support/examples.ts";
import { valued } from "#tests/support/valued.ts";
import type { Payment } from "../payments/payment.ts";
import { acceptDispute, giveEvidence, openDispute, type ToldDispute } from "./decide.ts";
import { type Dispute, evolveDispute } from "./dispute.ts";
import { disputeEntryId, disputeEntryIn, disputeIdOf, parseDisputeId } from "./ids.ts";

const captured = examplePayment({ state: "captured", authorization, captured: 90_00n, refunded: 80_00n });
const told: ToldDispute = {
  ...{ book: demo, payment: captured.id, acquirer: "alpha", reference: "case-1" },
  ...{
    amount: 40_00n,
    currency: "USD",
    reason: "fraudulent",
    evidenceDueAt: noon + 3 * day,
    at: noon - 60_000,
  },
};

test("a dispute is opened by what its acquirer tells, at the payment's fee, also beyond what refunds have left", () => {
  const payment = { ...captured, fees: { ...captured.fees, dispute: 15_00n } };
  expect(valued(openDispute(payment, told, noon))).toEqual({
    ...{ id: disputeIdOf("alpha", "case-1"), payment: captured.id, book: demo },
    ...{ acquirer: "alpha", reference: "case-1", reason: "fraudulent", fee: 15_00n },
    total: { currency: "USD", amount: 40_00n },
    ...{ evidenceDueAt: noon + 3 * day, openedAt: noon - 60_000, createdAt: noon, updatedAt: noon },
    ...{ version: 1, state: "needs_response" },
  });
});

test("an acquirer that sets no deadline leaves a week; a merchant without such a fee pays none", () => {
  const { evidenceDueAt: _, ...rest } = told;
  expect(valued(openDispute(captured, rest, noon))).toMatchObject({
    evidenceDueAt: told.at + 7 * day,
    fee: 0n,
  });
});

const wallet = { type: "account", account: "acc_lena" } as unknown as Payment["method"];
// biome-ignore format: a table is read in rows
test.each<{ what: string; of?: Payment; said?: Partial<ToldDispute>; refused: string }>([
  { what: "was never captured", of: examplePayment({ state: "authorized", authorization }), refused: "not_captured" },
  { what: "a wallet paid", of: { ...examplePayment({ state: "captured", captured: 1_00n, refunded: 0n }), method: wallet }, refused: "not_captured" },
  { what: "another acquirer captured", said: { acquirer: "beta" }, refused: "of_another_acquirer" },
  { what: "was of another currency", said: { currency: "EUR" }, refused: "wrong_currency" },
  { what: "was of less", said: { amount: 90_01n }, refused: "exceeds_captured" },
])("nobody opens a dispute of what $what", ({ of = captured, said = {}, refused }) => {
  expect(openDispute(of, { ...told, ...said }, noon)).toEqual({ ok: false, error: refused });
});

const texts = { text: "signed for", fields: {} };
const open = exampleDispute();
const due = open.evidenceDueAt;
const spoken = evolveDispute(open, { type: "evidence_given", texts, fingerprint: "f" }, noon);

test("a merchant says something for itself until the last moment, and not in it", () => {
  expect(giveEvidence(open, texts, "f", due - 1)).toEqual({
    ok: true,
    value: { type: "evidence_given", texts, fingerprint: "f" },
  });
  expect(giveEvidence(open, texts, "f", due)).toEqual({ ok: false, error: { code: "evidence_overdue" } });
});

test("it may accept it as long as nobody has said anything", () => {
  expect(acceptDispute(open)).toEqual({ ok: true, value: { type: "accepted" } });
});

test.each<{ what: string; dispute: Dispute; error: object }>([
  { what: "has its evidence", dispute: spoken, error: { code: "evidence_exists" } },
  { what: "is won", dispute: exampleDispute({ state: "won" }), error: { code: "wrong_state", state: "won" } },
  {
    what: "is under review",
    dispute: exampleDispute({ state: "under_review" }),
    error: { code: "wrong_state", state: "under_review" },
  },
])("nothing more is said of a dispute that $what", ({ dispute, error }) => {
  expect(giveEvidence(dispute, texts, "g", noon)).toEqual({ ok: false, error });
  expect(acceptDispute(dispute)).toEqual({ ok: false, error });
});

test("an id follows from the acquirer and its own name for it, and an entry's id says both", () => {
  const id = disputeIdOf("alpha", "case-1");
  expect(parseDisputeId(id)).toBe(id);
  expect(parseDisputeId("dsp_1")).toBeUndefined();
  expect(disputeIdOf("beta", "case-1")).not.toBe(id);
  const entry = disputeEntryId(captured.id, "chargeback_won", id);
  expect(disputeEntryIn(entry)).toEqual({ payment: captured.id, kind: "chargeback_won", dispute: id });
  expect(disputeEntryIn(`je_${captured.id}.capture.1`)).toBeUndefined();
});
