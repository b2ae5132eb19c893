import { describe, expect, test } from "vitest";
import { exampleAuthorization, examplePayment, minute, noon } from "#tests/support/examples.ts";
import { type ScriptedPorts, scriptedPorts } from "#tests/support/saga-ports.ts";
import type { AcquirerOutcome, Inquiry, KnownOutcome } from "../../acquiring/outcome.ts";
import { evolve } from "../evolve.ts";
import type { PaymentOutcome, PaymentWord } from "../operator-word.ts";
import type { Payment, Review, Standing } from "../payment.ts";
import { settle } from "../steps/settle.ts";
import type { Found, PaymentEntry } from "./found.ts";
import { recover } from "./recover.ts";

const look = { attempt: 0, strays: false, deadline: noon + 10_000, execution: "recovery-1" };
const authorization = exampleAuthorization;
const silent: Inquiry = { kind: "unavailable", reason: "no_answer:timeout" };
const notFound: Inquiry = { kind: "not_found" };
const found = (outcome: KnownOutcome): Inquiry => ({ kind: "found", operation: "authorize", outcome });
const approved = found({ kind: "approved", reference: "alpha-77", expiresAt: authorization.expiresAt });
const declined = found({ kind: "declined", code: "do_not_honor" });
const pending = found({ kind: "pending", reference: "alpha-77" });
const reversed = { kind: "approved", reference: "r-1" } as const;
const unreachable = { kind: "not_attempted", reason: "refused" } as const;

const review = (operation: Review["operation"]): Review => ({
  ...{ operation, acquirer: "alpha", reason: "timeout" },
});
const unheld = (operation: Review["operation"] = "authorize") =>
  examplePayment({ state: "in_review", review: review(operation) });
const held = (operation: Review["operation"]) => {
  const standing: Standing = { state: "in_review", authorization, review: review(operation) };
  return examplePayment(standing);
};

const authorized = { as: "authorized", authorization } as const;
const refused = { as: "declined", acquirer: "alpha", code: "lost_card" } as const;
const said = (outcome: PaymentOutcome): PaymentWord => ({
  ...outcome,
  by: "operator-1",
  at: noon + minute,
  seen: 1,
  evidence: "Their case 4711: by phone, Ms. Lee",
});
const told = (payment: Payment, outcome: PaymentOutcome): Payment =>
  evolve(payment, { type: "operator_said", word: said(outcome) }, noon + minute);

type Inquiries = NonNullable<Parameters<typeof scriptedPorts>[0]["inquiries"]>;
async function follow(
  payment: Payment,
  inquiries: Inquiries,
  reversals: AcquirerOutcome = reversed,
): Promise<{ found: Found; ports: ScriptedPorts }> {
  const ports = scriptedPorts({ acquirers: { alpha: reversals, beta: reversals }, inquiries });
  return { found: await recover({ ...ports, refundOf: async () => undefined }, payment, look), ports };
}

describe("while no acquirer knows better, a word is followed", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ what: string; payment: Payment; inquiries: Inquiries; ends: object; reversals?: AcquirerOutcome }>([
    { what: "not executed, and closed as far as can be",  payment: told(unheld(), { as: "failed" }),       inquiries: { alpha: notFound, beta: notFound }, ends: { state: "failed", failure: "not_executed" } },
    { what: "not executed, though nobody answers",        payment: told(unheld(), { as: "failed" }),       inquiries: {},                                  ends: { state: "failed", failure: "not_executed" }, reversals: unreachable },
    { what: "declined by one that does not answer",       payment: told(unheld(), refused),                inquiries: { beta: declined },                  ends: { state: "declined", acquirer: "alpha", decline: "lost_card" }, reversals: unreachable },
    { what: "a decision that waits is let go",            payment: told(unheld(), { as: "failed" }),       inquiries: { alpha: pending, beta: notFound },  ends: { state: "failed" } },
    { what: "approved, refused here, and voided",         payment: told(unheld("void"), { as: "failed" }), inquiries: {},                                  ends: { state: "failed" } },
  ])("$what: $ends.state", async ({ payment, inquiries, ends, reversals }) => {
    const { found: concluded } = await follow(payment, inquiries, reversals);
    expect(concluded).toMatchObject({ outcome: "concluded", payment: { ...ends, words: [{ end: "taken" }] } });
  });

  const again = { attempt: 1 } as const;
  const over = { step: "compensate", authorization, reason: "operation_refused", ...again } as const;
  // biome-ignore format: a table is read in rows
  test.each<{ what: string; payment: Payment; inquiries: Inquiries; entry: PaymentEntry }>([
    { what: "approved by one that does not answer", payment: told(unheld(), authorized),               inquiries: {},                                  entry: { step: "post", authorization } },
    { what: "approved, as its acquirer says too",   payment: told(unheld(), authorized),               inquiries: { alpha: approved },                 entry: { step: "post", authorization } },
    { what: "captured",                             payment: told(held("capture"), { as: "captured" }), inquiries: {},                                 entry: { step: "settle", ...again } },
    { what: "captured, not voided",                 payment: told(held("void"), { as: "captured" }),   inquiries: { alpha: { void: declined } },       entry: { step: "settle", ...again } },
    { what: "never captured, and over",             payment: told(held("capture"), { as: "canceled" }), inquiries: { alpha: { capture: declined } },   entry: over },
    { what: "over, though it refuses to void it",   payment: told(held("void"), { as: "canceled" }),   inquiries: { alpha: { void: declined } },       entry: over },
    { what: "still held",                           payment: told(held("capture"), authorized),        inquiries: { alpha: notFound },                 entry: { step: "post", authorization, ...again } },
    { what: "held, and by nobody else any more",    payment: told(held("authorize"), authorized),      inquiries: { alpha: notFound, beta: approved }, entry: { step: "post", authorization, ...again } },
    { what: "the void that is said was one",        payment: told(unheld("void"), { as: "failed" }),   inquiries: { alpha: { authorize: approved } },  entry: over },
  ])("$what: at $entry.step", async ({ payment, inquiries, entry }) => {
    const { found: next } = await follow(payment, inquiries);
    expect(next).toEqual({ outcome: "continue_payment", payment, entry });
  });
});

describe("a word about one acquirer leaves the others to be looked after", () => {
  test("that has declined it: the payment is over, and the other may hold money for it", async () => {
    const { found: left } = await follow(told(unheld(), refused), { beta: silent }, unreachable);
    expect(left).toMatchObject({
      ...{ outcome: "ask_again", strays: true, standsWell: true },
      payment: { state: "declined", words: [{ end: "taken" }] },
    });
  });

  test.each([
    ["nothing held", told(unheld(), authorized)],
    ["held", told(held("authorize"), authorized)],
  ])("that holds it, %s: it goes on meanwhile", async (_what, payment) => {
    const { found: next } = await follow(payment, { beta: silent }, unreachable);
    expect(next).toMatchObject({ outcome: "continue_payment", entry: { step: "post" }, strays: true });
  });

  test("but that nobody executed it is said of all of them", async () => {
    const { found: left } = await follow(told(unheld(), { as: "failed" }), {}, unreachable);
    expect(left).toMatchObject({ outcome: "concluded", payment: { state: "failed" } });
    expect(left.strays).toBeUndefined();
  });
});

describe("a hold that is said to be over", () => {
  const over = told(held("capture"), { as: "canceled" });

  test("has its capture closed first: one that is on its way takes no money", async () => {
    const { found: next, ports } = await follow(over, { alpha: notFound });
    expect(next).toMatchObject({ entry: { step: "compensate" } });
    expect(ports.sent).toMatchObject([{ operation: "reversal", key: `${over.id}:reversal:2` }]);
  });

  test("is captured after all where the acquirer refuses that", async () => {
    const executed = { kind: "declined", code: "operation_refused" } as const;
    const { found: left } = await follow(over, { alpha: notFound }, executed);
    expect(left).toMatchObject({ payment: { words: [{ end: "overruled", says: "alpha has captured it" }] } });
  });

  test("is so by the word alone where the acquirer is gone", async () => {
    expect((await follow(over, {}, unreachable)).found).toMatchObject({ entry: { step: "compensate" } });
  });
});

describe("an acquirer that knows better overrules a word, and says what", () => {
  // biome-ignore format: a table is read in rows
  test.each<{ payment: Payment; inquiries: Inquiries; says: string; reversals?: AcquirerOutcome }>([
    { payment: told(unheld(), { as: "failed" }),          inquiries: { alpha: approved },               says: "alpha has approved it (alpha-77)" },
    { payment: told(unheld(), refused),                   inquiries: { beta: approved },                says: "beta has approved it (alpha-77)" },
    { payment: told(unheld(), refused),                   inquiries: { alpha: declined },               says: "alpha has declined it with do_not_honor" },
    { payment: told(unheld(), authorized),                inquiries: { alpha: declined },               says: "alpha has declined it (do_not_honor)" },
    { payment: told(unheld(), authorized),                inquiries: { alpha: pending },                says: "alpha still decides" },
    { payment: told(unheld(), authorized),                inquiries: { beta: approved },                says: "beta has approved it (alpha-77)" },
    { payment: told(unheld(), { as: "authorized", authorization: { ...authorization, reference: "a-2" } }), inquiries: { alpha: approved }, says: "alpha has approved it (alpha-77)" },
    { payment: told(unheld(), { as: "failed" }),          inquiries: { alpha: pending, beta: notFound }, says: "alpha still decides, and does not let go", reversals: unreachable },
    { payment: told(held("capture"), { as: "canceled" }), inquiries: { alpha: { capture: approved } },  says: "alpha has captured it" },
    { payment: told(held("capture"), authorized),         inquiries: { alpha: { capture: approved } },  says: "alpha has captured it" },
    { payment: told(held("capture"), { as: "captured" }), inquiries: { alpha: { capture: declined } },  says: "alpha has refused to capture it" },
    { payment: told(held("void"), { as: "captured" }),    inquiries: { alpha: { void: approved } },     says: "alpha has voided it" },
    { payment: told(held("authorize"), authorized),       inquiries: { beta: approved },                says: "beta has approved it too", reversals: unreachable },
  ])("$says", async ({ payment, inquiries, says, reversals }) => {
    const { found: left, ports } = await follow(payment, inquiries, reversals);
    // It stays in review, without a word: the reminder of this version finds it like any other.
    expect(left).toMatchObject({
      outcome: "concluded",
      payment: { state: "in_review", version: payment.version + 1, words: [{ end: "overruled", says }] },
    });
    expect(ports.changes).toHaveLength(1);
  });

  test("after which it is looked into as if nothing had been said", async () => {
    const { found: left } = await follow(told(unheld(), { as: "failed" }), {
      alpha: approved,
      beta: declined,
    });
    const { found: next } = await follow(left.payment, { alpha: approved, beta: declined });
    expect(next).toMatchObject({ outcome: "continue_payment", entry: { step: "post", authorization } });
  });
});

test("a word is followed by what an inquiry with that answer books, to the last leg", async () => {
  const run = { execution: "saga-1", deadline: noon + 10_000, attempt: 1 };
  const byInquiry = scriptedPorts({ acquirers: { alpha: reversed }, inquiries: { alpha: approved } });
  const byWord = scriptedPorts({ acquirers: { alpha: reversed }, inquiries: { alpha: silent } });
  await settle(byInquiry, held("capture"), run);
  await settle(byWord, told(held("capture"), { as: "captured" }), run);
  expect(byWord.changes.map(({ journal }) => journal)).toEqual(
    byInquiry.changes.map(({ journal }) => journal),
  );
  expect(byWord.changes[0]?.after).toMatchObject({ state: "captured", words: [{ end: "taken" }] });
  // An acquirer that is silent is not asked to do it again by whoever was told that it has.
  expect(byWord.asked).toEqual(["alpha inquire", "commit captured"]);
});
