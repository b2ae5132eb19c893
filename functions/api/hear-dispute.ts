import type { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import type { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { DisputeSaga } from "#adapters/stepfunctions/dispute-saga.ts";
import type { DisputeNotification } from "#core/acquiring/notification.ts";
import { withoutPans } from "#core/cards/pan.ts";
import { openDispute, type ToldDispute } from "#core/disputes/decide.ts";
import { disputeIdOf } from "#core/disputes/ids.ts";
import { isOver } from "#core/disputes/states.ts";
import { parseMerchantId } from "#core/merchants/merchant.ts";
import { paymentOfKey } from "#core/payments/ids.ts";
import { toldRecord } from "#workflows/dispute/contract.ts";

interface Ports {
  readonly payments: Pick<PaymentStore, "get">;
  readonly disputes: Pick<DisputeStore, "get">;
  readonly saga: Pick<DisputeSaga, "start">;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/**
 * - `news`: the saga goes on with it, and is written down where no crash of ours loses it.
 * - `known`: it was told before.
 * - `unfit`: the books cannot take it: no payment of ours that was captured like this, or another end than the one that is
 *   written down. A person has to look.
 */
export type HeardDispute = "news" | "known" | "unfit";

/**
 * Hears of a dispute: it is the saga that opens it, and asks the acquirer how it ends. Its end may come before its beginning:
 * then it opens it as well, and the beginning is no news.
 */
export async function hearDispute(
  { payments, disputes, saga, now }: Ports,
  acquirer: string,
  notification: DisputeNotification,
): Promise<HeardDispute> {
  const told = toldIn(acquirer, notification);
  if (told === undefined) return "unfit";
  const { state } = notification.dispute;
  const { book } = told;
  const id = disputeIdOf(acquirer, told.reference);
  const dispute = await disputes.get(book, id);
  if (dispute === undefined) {
    const payment = await payments.get(book, told.payment);
    if (payment === undefined || !openDispute(payment, told, now()).ok) return "unfit";
  } else {
    if (dispute.payment !== told.payment) return "unfit";
    if (isOver(dispute.state)) return state === "open" || state === dispute.state ? "known" : "unfit";
  }
  // Whoever waits for its end is started with its beginning, whichever of the two is heard first.
  await saga.start({ book, id }, "whole", toldRecord(told));
  if (state !== "open") await saga.start({ book, id }, { notification: notification.id }, toldRecord(told));
  return dispute === undefined || state !== "open" ? "news" : "known";
}

/** @returns undefined for what names no payment of ours. */
function toldIn(
  acquirer: string,
  { key, merchant, createdAt, dispute }: DisputeNotification,
): ToldDispute | undefined {
  const payment = paymentOfKey(key);
  const book = parseMerchantId(merchant ?? "");
  if (payment === undefined || book === undefined) return undefined;
  const { id: reference, amount, currency, reason, evidenceDueAt } = dispute;
  return {
    ...{ book, payment, acquirer, reference, amount, currency },
    reason: withoutPans(reason),
    ...(evidenceDueAt === undefined ? {} : { evidenceDueAt }),
    at: createdAt,
  };
}
