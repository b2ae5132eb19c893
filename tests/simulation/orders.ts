import type { Book } from "#core/ledger/account.ts";
import type { Currency } from "#core/money/currency.ts";
import type { Random } from "./random.ts";

/** One payment that a merchant wants, and how often its request is sent. */
export interface Order {
  readonly key: string;
  readonly book: Book;
  /** Minor units. */
  readonly amount: number;
  readonly currency: Currency;
  readonly capture: "automatic" | "manual";
  /** A card's number, or an account of the merchant's own. */
  readonly pays: { readonly card: string } | { readonly account: string };
  readonly respondAsync: boolean;
  /** Milliseconds from the beginning: concurrent duplicates, and later ones. */
  readonly sentAt: readonly number[];
  /** Which of the requests has another body under the same key, if one has. */
  readonly reused: number | undefined;
  readonly followUps: readonly FollowUp[];
}

/** What a merchant asks for afterwards. */
export interface FollowUp {
  readonly key: string;
  readonly what: "capture" | "cancel" | "refunds";
  /** Minor units; left out, it is all that there is. */
  readonly amount: number | undefined;
  /** Milliseconds from the beginning. */
  readonly sentAt: readonly number[];
}

/** Cards of local/acquirers/cards.ts, by what they make an acquirer do. */
const plainCard = "4242424242424242";
const otherCards = [
  "4000000000000002",
  "4000000000009995",
  "4000000000005001",
  "4000000000005019",
  "4000000000005027",
  "4000000000005035",
  "4000000000005043",
  "4000000000005050",
  "4000000000005068",
  "4000000000005076",
  "4000000000005084",
  "4000003800000446",
] as const;
export const cardNumbers: ReadonlySet<string> = new Set([plainCard, ...otherCards]);

export const books = ["mer_demo", "mer_other"] as unknown as readonly Book[];
export const purseBook = books[0] as Book;
const currencies = ["USD", "JPY", "KWD"] as const;
const amounts = [1, 31, 100_00, 999_999_99, 10 ** 15] as const;

const ordersMax = 3;
const duplicatesMax = 8;
/** Duplicates of one request arrive within this time of each other, or much later. */
const burstMsMax = 60;
const laterMsMax = 90_000;
const spreadMsMax = 2_000;
const followUpsMax = 4;
/** What follows comes at once, when everything is over, or days later. */
const followUpSpansMs = [3_000, 60_000, 8 * 24 * 3_600_000] as const;
const pursesShare = 0.12;
const purseAmounts = [10, 40, 90] as const;
/** The account that pays for orders, see wallet.ts. */
export const purse = "acc_purse";

/** What happens in a history if nothing goes wrong. */
export function drawOrders(random: Random): readonly Order[] {
  return Array.from({ length: random.between(1, ordersMax) }, (_, index) => {
    const at = random.between(0, spreadMsMax);
    const copies = random.chance(0.6) ? 1 : random.between(2, duplicatesMax);
    const later = random.chance(0.3) ? [at + random.between(0, laterMsMax)] : [];
    const sentAt = [
      ...Array.from({ length: copies }, (_copy, n) => at + (n === 0 ? 0 : random.between(0, burstMsMax))),
      ...later,
    ];
    const key = `order-${index + 1}`;
    const isPurse = random.chance(pursesShare);
    const capture = isPurse || random.chance(0.65) ? "automatic" : "manual";
    const amount = random.pick(isPurse ? purseAmounts : amounts);
    return {
      key,
      book: isPurse ? purseBook : random.pick(books),
      amount,
      currency: isPurse && random.chance(0.9) ? "USD" : random.pick(currencies),
      capture,
      pays: isPurse ? { account: purse } : { card: random.chance(0.6) ? plainCard : random.pick(otherCards) },
      respondAsync: random.chance(0.2),
      sentAt,
      reused: sentAt.length > 1 && random.chance(0.1) ? random.between(0, sentAt.length - 1) : undefined,
      followUps: drawFollowUps(random, { key, at, amount, capture }),
    };
  });
}

function drawFollowUps(
  random: Random,
  order: Pick<Order, "key" | "amount" | "capture"> & { readonly at: number },
): readonly FollowUp[] {
  const count = random.chance(0.5) ? 0 : random.between(1, followUpsMax);
  return Array.from({ length: count }, (_, index) => {
    const at = order.at + random.between(0, random.pick(followUpSpansMs));
    const isFirst = order.capture === "manual" && index === 0;
    const what = isFirst || random.chance(0.15) ? (random.chance(0.8) ? "capture" : "cancel") : "refunds";
    const part = Math.max(1, Math.floor(order.amount / random.between(1, 4)));
    return {
      key: `${order.key}-${what}-${index + 1}`,
      what,
      amount: what === "cancel" || random.chance(0.3) ? undefined : part,
      sentAt: Array.from({ length: random.chance(0.6) ? 1 : random.between(2, 4) }, (_copy, n) =>
        n === 0 ? at : at + random.between(0, burstMsMax),
      ),
    };
  });
}
