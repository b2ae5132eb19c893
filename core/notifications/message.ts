import type { PaymentEventType } from "../events/payment-event.ts";
import type { PaymentNews } from "../events/payment-news.ts";
import { absurd } from "../kernel/invariant.ts";
import { formatMoney, type Money } from "../money/money.ts";
import type { NewsKind } from "./kinds.ts";

/** What one event is to people. */
export interface NewsMessage {
  /** ASCII, under 100 characters and on one line, as SNS takes subjects. */
  readonly subject: string;
  readonly email: string;
  /**
   * One part of SMS, which is what is billed: 160 characters of GSM 03.38's basic alphabet, twelve of them left for the
   * sender's name, which SNS puts before it.
   */
  readonly sms: string;
}

/** What happened, in few words, and the sum that it is about. */
interface Headline {
  readonly what: string;
  readonly sum: Money;
}

/**
 * The message of one event. It says ids, sums and codes of ours, and nothing that people or acquirers wrote.
 * @param type of an event that is news
 */
export function renderNews(kind: NewsKind, type: PaymentEventType, news: PaymentNews): NewsMessage {
  const { what, sum } = headlineOf(kind, type, news);
  const because = news.because === undefined ? "" : ` (${news.because})`;
  return {
    subject: `Payment ${what}: ${formatMoney(sum)}`,
    email: emailOf(what, sum, news),
    sms: `${news.merchant}: payment ${news.payment} ${what}${because}, ${formatMoney(sum)}`,
  };
}

function headlineOf(kind: NewsKind, type: PaymentEventType, news: PaymentNews): Headline {
  switch (kind) {
    case "captured":
      return { what: "captured", sum: news.captured };
    case "declined":
      return { what: "declined", sum: news.amount };
    case "failed":
      return { what: "failed", sum: news.amount };
    case "canceled":
      return { what: "canceled", sum: news.amount };
    case "expired":
      return { what: "expired", sum: news.amount };
    case "refunded":
      // Of all its refunds: an event shows the payment, not the refund.
      return { what: "refunded", sum: news.refunded };
    case "refund_failed":
      return { what: "refund failed", sum: news.captured };
    case "in_review":
      return { what: reviewOf(type), sum: news.amount };
    default:
      return absurd(kind);
  }
}

function reviewOf(type: PaymentEventType): string {
  if (type === "payment.refund_in_review") return "refund in review";
  return type === "payment.review_updated" ? "review updated" : "in review";
}

const labelLength = 10;
const line = (label: string, value: string): string => `${`${label}:`.padEnd(labelLength)} ${value}`;

function emailOf(what: string, sum: Money, news: PaymentNews): string {
  const { amount, captured, refunded, because } = news;
  const lines = [
    `Payment ${news.payment}: ${what}, ${formatMoney(sum)}.`,
    "",
    line("Merchant", news.merchant),
    line("Amount", formatMoney(amount)),
    ...(captured.amount > 0n ? [line("Captured", formatMoney(captured))] : []),
    ...(refunded.amount > 0n ? [line("Refunded", formatMoney(refunded))] : []),
    ...(because === undefined ? [] : [line("Reason", because)]),
    line("When", news.at),
    line("Event", news.event),
    "",
    `GET /v1/payments/${news.payment} says where it stands now.`,
  ];
  return `${lines.join("\n")}\n`;
}
