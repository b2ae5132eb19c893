import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { examplePayment } from "#tests/support/examples.ts";
import { eventOf, type PaymentEventType } from "../events/payment-event.ts";
import { newsOf, type PaymentNews } from "../events/payment-news.ts";
import type { Currency } from "../money/currency.ts";
import { amountMax, money } from "../money/money.ts";
import { newsEventTypes, newsKindOf, newsKinds } from "./kinds.ts";
import { renderNews } from "./message.ts";

const payment = "pay_0123456789abcdefghjkmnpqrs";
const news = (currency: Currency, more: Partial<PaymentNews> = {}): PaymentNews => ({
  event: "evt_0123456789abcdefghjkmnpqrs" as PaymentNews["event"],
  merchant: "mer_demo",
  payment,
  at: "2030-01-01T12:00:00.000Z",
  amount: money(12_345n, currency),
  captured: money(12_345n, currency),
  refunded: money(345n, currency),
  because: undefined,
  ...more,
});
const rendered = (type: PaymentEventType, told: PaymentNews) => {
  const kind = newsKindOf(type);
  if (kind === undefined) throw new Error(`${type} is no news`);
  return renderNews(kind, type, told);
};

// biome-ignore format: a table is read in rows
test.each<[PaymentEventType, Currency, subject: string]>([
  ["payment.captured",         "JPY", "Payment captured: 12345 JPY"],
  ["payment.captured",         "USD", "Payment captured: 123.45 USD"],
  ["payment.captured",         "KWD", "Payment captured: 12.345 KWD"],
  ["payment.declined",         "JPY", "Payment declined: 12345 JPY"],
  ["payment.declined",         "USD", "Payment declined: 123.45 USD"],
  ["payment.declined",         "KWD", "Payment declined: 12.345 KWD"],
  ["payment.failed",           "JPY", "Payment failed: 12345 JPY"],
  ["payment.failed",           "USD", "Payment failed: 123.45 USD"],
  ["payment.failed",           "KWD", "Payment failed: 12.345 KWD"],
  ["payment.canceled",         "JPY", "Payment canceled: 12345 JPY"],
  ["payment.canceled",         "USD", "Payment canceled: 123.45 USD"],
  ["payment.canceled",         "KWD", "Payment canceled: 12.345 KWD"],
  ["payment.expired",          "JPY", "Payment expired: 12345 JPY"],
  ["payment.expired",          "USD", "Payment expired: 123.45 USD"],
  ["payment.expired",          "KWD", "Payment expired: 12.345 KWD"],
  ["payment.refunded",         "JPY", "Payment refunded: 345 JPY"],
  ["payment.refunded",         "USD", "Payment refunded: 3.45 USD"],
  ["payment.refunded",         "KWD", "Payment refunded: 0.345 KWD"],
  ["payment.refund_failed",    "JPY", "Payment refund failed: 12345 JPY"],
  ["payment.refund_failed",    "USD", "Payment refund failed: 123.45 USD"],
  ["payment.refund_failed",    "KWD", "Payment refund failed: 12.345 KWD"],
  ["payment.in_review",        "JPY", "Payment in review: 12345 JPY"],
  ["payment.in_review",        "USD", "Payment in review: 123.45 USD"],
  ["payment.in_review",        "KWD", "Payment in review: 12.345 KWD"],
  ["payment.refund_in_review", "USD", "Payment refund in review: 123.45 USD"],
  ["payment.review_updated",   "USD", "Payment review updated: 123.45 USD"],
])("%s in %s is headed by what happened, and by the sum with the currency's decimals", (type, currency, subject) => {
  const message = rendered(type, news(currency));
  expect(message.subject).toBe(subject);
  const [, what, sum] = /^Payment (.*): (.*)$/.exec(subject) ?? [];
  expect(message.sms).toBe(`mer_demo: payment ${payment} ${what}, ${sum}`);
  expect(message.email.split("\n")[0]).toBe(`Payment ${payment}: ${what}, ${sum}.`);
});

test("a mail says all that may be told, and where to look further", () => {
  const told = news("USD", { because: "insufficient_funds" });
  expect(rendered("payment.declined", told).email).toBe(
    [
      `Payment ${payment}: declined, 123.45 USD.`,
      "",
      "Merchant:  mer_demo",
      "Amount:    123.45 USD",
      "Captured:  123.45 USD",
      "Refunded:  3.45 USD",
      "Reason:    insufficient_funds",
      "When:      2030-01-01T12:00:00.000Z",
      "Event:     evt_0123456789abcdefghjkmnpqrs",
      "",
      `GET /v1/payments/${payment} says where it stands now.`,
      "",
    ].join("\n"),
  );
});

/** What SNS puts before it: the sender, and a bracket with a space. */
const senderLength = "Tallystick> ".length;
/** GSM 03.38: letters, digits and what of ASCII takes one septet. */
const gsmBasic = /^[A-Za-z0-9 @$_!"#%&'()*+,\-./:;<=>?\n]*$/;

test("an SMS is one part, behind its sender's name, and a subject is one that SNS takes", () => {
  const digits = "0123456789abcdefghjkmnpqrstvwxyz";
  const id = (prefix: string, length: number) =>
    fc
      .string({ unit: fc.constantFrom(...digits), minLength: length, maxLength: length })
      .map((tail) => prefix + tail);
  const currencies = fc.constantFrom<Currency>("JPY", "USD", "KWD");
  const any = fc.record({
    type: fc.constantFrom(...newsEventTypes),
    merchant: fc.integer({ min: 1, max: 32 }).chain((length) => id("mer_", length)),
    id: id("pay_", 26),
    because: fc.option(fc.stringMatching(/^[a-z0-9_]{1,32}$/), { nil: undefined }),
    currency: currencies,
    sums: fc.tuple(...[0, 1, 2].map(() => fc.bigInt({ min: 0n, max: amountMax }))),
  });
  fc.assert(
    fc.property(any, ({ type, merchant, id: paid, because, currency, sums: [a = 0n, b = 0n, c = 0n] }) => {
      const sums = { amount: money(a, currency), captured: money(b, currency), refunded: money(c, currency) };
      const message = rendered(type, news(currency, { merchant, payment: paid, because, ...sums }));
      expect(message.sms).toMatch(gsmBasic);
      expect(message.sms.length + senderLength).toBeLessThanOrEqual(160);
      expect(message.subject).toMatch(/^[!-~][ -~]{0,98}$/);
    }),
    {
      examples: [
        [
          {
            type: "payment.declined",
            merchant: `mer_${"z".repeat(32)}`,
            id: payment,
            because: "x".repeat(32),
            currency: "KWD",
            sums: [amountMax, amountMax, amountMax],
          },
        ],
      ],
    },
  );
});

describe("nothing that a person wrote is told", () => {
  const written = "ask Zoe, 4242 4242 4242 4242";
  const paid = { ...examplePayment(), reference: written, description: written, metadata: { note: written } };

  test("of a payment that has all of it", () => {
    const event = eventOf(
      { ...paid, version: 1 },
      { ...paid, version: 2, state: "failed", failure: "not_executed" },
    );
    const message = rendered(event.type, newsOf(event));
    expect(Object.values(message).join("\n")).not.toMatch(/Zoe|4242/);
    expect(message.sms).toContain("failed (not_executed)");
  });

  test.each(["Ask Zoe!", "x".repeat(33)])("of a reason that is no code of ours: %s", (failure) => {
    const event = eventOf({ ...paid, version: 1 }, { ...paid, version: 2, state: "failed", failure });
    expect(newsOf(event).because).toBeUndefined();
  });
});

test("an event whose payment has no amount is not told of, but thrown", () => {
  const event = eventOf(undefined, examplePayment());
  const told = { ...event, data: { ...event.data, amount: "12.34" as unknown as number } };
  expect(() => newsOf(told)).toThrow();
});

test("each kind of news has an event", () => {
  expect(new Set(newsEventTypes.map(newsKindOf))).toEqual(new Set(newsKinds));
});
