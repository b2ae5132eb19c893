import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { marshall } from "@aws-sdk/util-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import { type Epoch, firstEpoch } from "#adapters/dynamodb/fence.ts";
import { paymentKey } from "#adapters/dynamodb/keys.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { Redactions, TextKeys } from "#adapters/dynamodb/redactions.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { type Dispute, evolveDispute, redactedDisputes } from "#core/disputes/dispute.ts";
import { disputeIdOf } from "#core/disputes/ids.ts";
import { textKeyFor } from "#core/events/sealed-texts.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf, refundIdOf } from "#core/payments/ids.ts";
import { liftHold, placeHold } from "#core/payments/legal-hold.ts";
import type { Payment } from "#core/payments/payment.ts";
import { redactedRefunds } from "#core/payments/redaction.ts";
import { createRefund, type Refund } from "#core/payments/refund.ts";
import {
  demo,
  exampleAuthorization,
  exampleDispute,
  examplePayment,
  minute,
  noon,
} from "#tests/support/examples.ts";
import { startTables, type TestTables } from "#tests/support/tables.ts";
import { valued } from "#tests/support/valued.ts";

const of = { payments: "payments" };
const word = { by: "ops-1", at: noon, reason: "case 4711" };
let tables: TestTables;
let payments: PaymentStore;
let refunds: RefundStore;
let disputes: DisputeStore;
let redactions: Redactions;

beforeAll(async () => {
  tables = await startTables();
  payments = new PaymentStore(tables.client, of, firstEpoch);
  refunds = new RefundStore(tables.client, of, firstEpoch);
  disputes = new DisputeStore(tables.client, of, firstEpoch);
  redactions = new Redactions(tables.client, of, firstEpoch);
});
afterAll(() => tables.stop());

let made = 0;

/** A captured payment with one refund that has failed, both with what people wrote. */
async function written(): Promise<{ readonly payment: Payment; readonly refund: Refund }> {
  made += 1;
  const key = `key-${made}`;
  const id = paymentIdOf({ book: demo, route: "redactions", idempotencyKey: key });
  const captured = { captured: 100_00n, refunded: 0n, authorization: exampleAuthorization };
  const plain = examplePayment({ state: "captured", ...captured });
  const sealed = textKeyFor(plain, (bytes) => Buffer.alloc(bytes, made));
  const alone: Payment = {
    ...plain,
    ...sealed,
    id,
    description: "for Jane",
    returnUrl: "https://a.test/jane",
  };
  const asked = { id: refundIdOf({ book: demo, route: id, idempotencyKey: key }), amount: 1_00n };
  const begun = createRefund(alone, { ...asked, reason: "Jane is ill", fingerprint: "f" }, noon);
  const { held: _held, ...ended } = { ...begun, held: false };
  const refund = { ...ended, state: "failed", failure: "refused" } as Refund;
  const payment = { ...alone, refunds: [refund.id] };
  await payments.create(payment);
  await refunds.commitRefund(payment, { refund: { after: refund } });
  return { payment, refund };
}

const redacted = (payment: Payment) => ({
  before: payment,
  after: evolve(payment, { type: "redacted" }, noon + minute),
});

const itemOf = async ({ book, id }: Payment): Promise<string> => {
  const Key = marshall(paymentKey(book, id));
  return JSON.stringify((await tables.client.send(new GetItemCommand({ TableName: "payments", Key }))).Item);
};

describe("a redaction", () => {
  test("takes the texts of payment and refunds at once, and nothing else", async () => {
    const { payment, refund } = await written();
    const moves = redactedRefunds(await redactions.refundsOf(payment), noon + minute);
    const done = await redactions.redact(redacted(payment), moves);
    expect(done).toEqual({ kind: "applied", payment: redacted(payment).after });
    const item = await itemOf(payment);
    for (const text of ["jane", "Jane", "order-1001", "b-7", payment.textKey])
      expect(item).not.toContain(text);
    const { reason: _reason, ...rest } = refund;
    expect(await refunds.get(demo, refund.id)).toEqual({
      ...{ ...rest, fingerprint: "erased" },
      ...{ version: 2, updatedAt: noon + minute },
    });
  });

  test("that was written, and whose answer was lost, is done", async () => {
    const { payment } = await written();
    for (let n = 0; n < 2; n += 1)
      expect(await redactions.redact(redacted(payment), [])).toMatchObject({ kind: "applied" });
  });

  test("goes by what it was decided on: a payment, or a refund, that moved on is read again", async () => {
    const { payment, refund } = await written();
    const moves = redactedRefunds([refund], noon);
    const stale = redacted({ ...payment, version: 7 });
    expect(await redactions.redact(stale, moves)).toEqual({ kind: "superseded" });
    const moved = moves.map(({ before, after }) => ({ before: { ...before, version: 3 }, after }));
    expect(await redactions.redact(redacted(payment), moved)).toEqual({ kind: "superseded" });
    expect(await payments.get(demo, payment.id)).toEqual(payment);
    expect(await refunds.get(demo, refund.id)).toEqual(refund);
  });

  test("is refused while a legal hold stands, and not after it", async () => {
    const { payment, refund } = await written();
    const hold = valued(placeHold(payment, undefined, word));
    expect(await redactions.write(hold)).toBe(true);
    const moves = redactedRefunds([refund], noon);
    expect(await redactions.redact(redacted(payment), moves)).toEqual({ kind: "held" });
    expect(await payments.get(demo, payment.id)).toEqual(payment);
    expect(await redactions.write(valued(liftHold(hold, word)))).toBe(true);
    expect(await redactions.redact(redacted(payment), moves)).toMatchObject({ kind: "applied" });
  });
});

describe("what was written in a dispute", () => {
  const texts = { text: "signed by Jane", fields: {} };

  /** A lost dispute with evidence, of a payment. */
  async function disputed({ id: payment }: Payment): Promise<Dispute> {
    const opened = { ...exampleDispute(), payment, id: disputeIdOf("alpha", payment) };
    const given = evolveDispute(opened, { type: "evidence_given", texts, fingerprint: "f" }, noon);
    const lost = evolveDispute(given, { type: "decided", outcome: "lost" }, noon);
    await disputes.commitDispute({ after: opened });
    await disputes.commitDispute({ before: opened, after: given });
    await disputes.commitDispute({ before: given, after: lost });
    return lost;
  }
  const textsOf = async ({ id }: Dispute) => (await disputes.get(demo, id))?.evidence?.texts;

  test("goes with its payment's texts, or neither does", async () => {
    const { payment } = await written();
    const lost = await disputed(payment);
    const moves = redactedDisputes([lost], noon + minute);
    const stale = moves.map(({ before, after }) => ({ before: { ...before, version: 7 }, after }));
    expect(await redactions.redact(redacted(payment), [], stale)).toEqual({ kind: "superseded" });
    expect([await payments.get(demo, payment.id), await textsOf(lost)]).toEqual([payment, texts]);
    expect(await redactions.redact(redacted(payment), [], moves)).toMatchObject({ kind: "applied" });
    expect(await textsOf(lost)).toBeUndefined();
  });

  test("after its payment was redacted goes by itself, and not while a legal hold stands", async () => {
    const { payment } = await written();
    const lost = await disputed(payment);
    const moves = redactedDisputes([lost], noon + minute);
    const hold = valued(placeHold(payment, undefined, word));
    await redactions.write(hold);
    expect(await redactions.redactDisputes(payment, moves)).toBe("held");
    expect(await textsOf(lost)).toEqual(texts);
    await redactions.write(valued(liftHold(hold, word)));
    expect(await redactions.redactDisputes(payment, moves)).toBe("applied");
    expect(await textsOf(lost)).toBeUndefined();
    expect(await redactions.redactDisputes(payment, moves)).toBe("superseded");
  });
});

describe("a legal hold", () => {
  test("is read as it was written, and written once by two who saw the same", async () => {
    const { payment } = await written();
    expect(await redactions.hold(demo, payment.id)).toBeUndefined();
    const hold = valued(placeHold(payment, undefined, word));
    expect(await redactions.write(hold)).toBe(true);
    expect(await redactions.write({ ...hold, placings: [] })).toBe(false);
    expect(await redactions.hold(demo, payment.id)).toEqual(hold);
    const lifted = valued(liftHold(hold, { ...word, by: "ops-2" }));
    expect(await redactions.write(lifted)).toBe(true);
    expect(await redactions.write({ ...lifted, placings: [] })).toBe(false);
  });

  test("of a later epoch is not written over", async () => {
    const { payment } = await written();
    const hold = valued(placeHold(payment, undefined, word));
    expect(await new Redactions(tables.client, of, 2 as Epoch).write(hold)).toBe(true);
    await expect(redactions.write(valued(liftHold(hold, word)))).rejects.toThrow("epoch 2 wrote");
  });
});

test("keys are read for many payments at once, and there is none of one that was redacted", async () => {
  const keys = new TextKeys(tables.client, "payments");
  const [one, other] = [(await written()).payment, (await written()).payment];
  await redactions.redact(redacted(other), []);
  const found = await keys.of(demo, [one.id, other.id, one.id, "pay_nobody"]);
  expect([...found]).toEqual([[one.id, one.textKey]]);
});
