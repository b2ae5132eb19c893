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
  readonly card: string;
  readonly respondAsync: boolean;
  /** Milliseconds from the beginning: concurrent duplicates, and later ones. */
  readonly sentAt: readonly number[];
  /** Which of the requests has another body under the same key, if one has. */
  readonly reused: number | undefined;
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
] as const;
export const cardNumbers: ReadonlySet<string> = new Set([plainCard, ...otherCards]);

export const books = ["mer_demo", "mer_other"] as unknown as readonly Book[];
const currencies = ["USD", "JPY", "KWD"] as const;
const amounts = [1, 31, 100_00, 999_999_99, 10 ** 15] as const;

const ordersMax = 3;
const duplicatesMax = 8;
/** Duplicates of one request arrive within this time of each other, or much later. */
const burstMsMax = 60;
const laterMsMax = 90_000;
const spreadMsMax = 2_000;

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
    return {
      key: `order-${index + 1}`,
      book: random.pick(books),
      amount: random.pick(amounts),
      currency: random.pick(currencies),
      capture: random.chance(0.75) ? "automatic" : "manual",
      card: random.chance(0.7) ? plainCard : random.pick(otherCards),
      respondAsync: random.chance(0.2),
      sentAt,
      reused: sentAt.length > 1 && random.chance(0.1) ? random.between(0, sentAt.length - 1) : undefined,
    };
  });
}
