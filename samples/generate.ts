import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";

/**
 * Writes `payments.ndjson`: one day of two merchants, the same for the same seed. `README.md` says what a line may hold.
 */

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "20300101" },
    payments: { type: "string", default: "1040" },
    out: { type: "string", default: join(import.meta.dirname, "payments.ndjson") },
  },
});

/** mulberry32: 32 bits of state, good enough to choose amounts and cards, and the same everywhere. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = generator(Number(values.seed));
const whole = (min: number, max: number): number => min + Math.floor(random() * (max - min + 1));
const oneOf = <T>(choices: readonly T[]): T => choices[whole(0, choices.length - 1)] as T;

/** Prices as shops have them, in minor units: from a coffee to a bicycle. */
const prices: Readonly<Record<string, readonly [min: number, max: number]>> = {
  USD: [250, 250_000],
  EUR: [200, 220_000],
  GBP: [180, 190_000],
  JPY: [300, 90_000],
  KWD: [700, 120_000],
};
/** How often each currency is paid in at each merchant, in percent. */
const currencies = {
  demo: [
    ["USD", 45],
    ["EUR", 25],
    ["GBP", 15],
    ["JPY", 10],
    ["KWD", 5],
  ],
  other: [
    ["EUR", 60],
    ["USD", 40],
  ],
} as const;

type Merchant = keyof typeof currencies;

const approving = ["4242424242424242", "5555555555554444", "378282246310005"] as const;

/** What comes of a payment, how often beside the others, and what its line says. The rare and slow ones come early in the day. */
const behaviours: readonly {
  readonly share: number;
  readonly card: string | readonly string[];
  readonly early?: true;
  readonly more?: (amount: number) => Readonly<Record<string, unknown>>;
}[] = [
  { share: 560, card: approving },
  { share: 60, card: approving, more: () => ({ capture: "manual", afterwards: [{ do: "capture" }] }) },
  { share: 25, card: approving, more: partCapture },
  { share: 15, card: approving, more: () => ({ capture: "manual", afterwards: [{ do: "cancel" }] }) },
  { share: 10, card: approving, more: () => ({ capture: "manual" }) },
  { share: 40, card: approving, more: () => ({ afterwards: [{ do: "refund" }] }) },
  { share: 35, card: approving, more: partRefunds },
  { share: 30, card: "4000000000000002" },
  { share: 30, card: "4000000000009995" },
  { share: 5, card: "4000000000009987" },
  { share: 5, card: "4000000000009979" },
  { share: 10, card: "4000000000000069" },
  { share: 10, card: "4000000000000127" },
  { share: 10, card: "4000000000000119" },
  { share: 20, card: "4000003800000446", more: () => ({ customer: "approve" }) },
  { share: 5, card: "4000003800000446", more: () => ({ customer: "refuse" }) },
  { share: 10, card: "4000000000005084" },
  { share: 20, card: "4000000000005043" },
  { share: 6, card: "4000000000005068" },
  { share: 4, card: "4000000000005035", early: true },
  { share: 4, card: "4000000000005027", early: true },
  { share: 4, card: "4000000000005001", early: true },
  { share: 3, card: "4000000000005019", early: true },
  { share: 4, card: "4000000000005050", early: true },
  { share: 4, card: "4000000000005076", early: true, more: () => ({ afterwards: [{ do: "refund" }] }) },
];

function partCapture(amount: number) {
  return {
    capture: "manual",
    afterwards: [{ do: "capture", amount: Math.max(1, Math.floor(amount * 0.8)) }],
  };
}

/** Refunds a quarter, and then a third, of the whole. */
function partRefunds(amount: number) {
  const first = Math.max(1, Math.floor(amount / 4));
  const second = Math.max(1, Math.floor(amount / 3));
  const refunds = [
    { do: "refund", amount: first },
    ...(amount > 2 ? [{ do: "refund", amount: second }] : []),
  ];
  return { afterwards: refunds };
}

function amountIn(currency: string): number {
  const [min, max] = prices[currency] ?? [1, 1];
  // Small amounts are far more frequent than large ones.
  return Math.floor(min * (max / min) ** (random() ** 2));
}

function weighted(choices: readonly (readonly [string, number])[]): string {
  let left = random() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [choice, weight] of choices) {
    left -= weight;
    if (left < 0) return choice;
  }
  return choices[0]?.[0] ?? "USD";
}

const chooseMerchant = (): Merchant => (random() < 0.85 ? "demo" : "other");

interface Drafted {
  readonly early: boolean;
  readonly line: Record<string, unknown>;
}

const total = Number(values.payments);
const wallets = ["acc_ana", "acc_ben", "acc_chloe", "acc_dev", "acc_eve"];
/** Payments from wallets, of a thousand. */
const walletShare = 60;
const drafts: Drafted[] = [];

const shares = behaviours.reduce((sum, { share }) => sum + share, 0);
for (const { share, card, early, more } of behaviours) {
  const count = Math.max(1, Math.round((total * (1 - walletShare / 1_000) * share) / shares));
  for (let made = 0; made < count; made += 1) {
    const merchant = chooseMerchant();
    const currency = weighted(currencies[merchant]);
    const amount = amountIn(currency);
    const number = typeof card === "string" ? card : oneOf(card);
    drafts.push({
      early: early === true,
      line: { merchant, amount, currency, card: number, ...more?.(amount) },
    });
  }
}
for (let made = 0; made < Math.round((total * walletShare) / 1_000); made += 1) {
  const amount = whole(100, 9_000);
  const line: Record<string, unknown> = { merchant: "demo", amount, currency: "USD", wallet: oneOf(wallets) };
  if (made % 8 === 0) line["afterwards"] = [{ do: "refund", amount: Math.max(1, Math.floor(amount / 2)) }];
  drafts.push({ early: false, line });
}

/** Fisher-Yates. */
function shuffled<T>(items: readonly T[]): T[] {
  const deck = [...items];
  for (let last = deck.length - 1; last > 0; last -= 1) {
    const other = whole(0, last);
    [deck[last], deck[other]] = [deck[other] as T, deck[last] as T];
  }
  return deck;
}

const day = [
  // All at once: a caller waits ten seconds for an acquirer that never answers, and nobody should wait behind it.
  ...shuffled(drafts.filter(({ early }) => early)).map(({ line }) => ({ ...line, burst: "opening" })),
  ...shuffled(drafts.filter(({ early }) => !early)).map(({ line }) => line),
] as Record<string, unknown>[];

/** Lines of one burst arrive at the same moment, as when a shop opens its sale. */
const burstSize = 25;
for (const [burst, start] of [0.3, 0.5, 0.7, 0.9].map((part) => Math.floor(day.length * part)).entries()) {
  for (const line of day.slice(start, start + burstSize)) line["burst"] = `sale-${burst + 1}`;
}
/** One in a hundred is sent again under its key, by a caller that lost the answer. */
const repeatEvery = 97;
const keyed = day.map((line, index) => ({
  key: `day-${String(index + 1).padStart(4, "0")}`,
  ...line,
  ...(index % repeatEvery === 50 && { repeat: 1 + (index % 3) }),
}));

const accounts = [
  { account: "acc_cash", merchant: "demo", name: "Cash in", currency: "USD", normal_side: "debit" },
  ...wallets.map((account) => ({
    account,
    merchant: "demo",
    name: `Wallet of ${account.slice("acc_".length)}`,
    currency: "USD",
    normal_side: "credit",
    min_available: 0,
  })),
];
const topUps = wallets.map((wallet) => ({
  top_up: wallet,
  from: "acc_cash",
  merchant: "demo",
  amount: 100_000,
  currency: "USD",
}));

const lines = [...accounts, ...topUps, ...keyed].map((line) => JSON.stringify(line));
writeFileSync(values.out, `${lines.join("\n")}\n`);
console.log(`${values.out}: ${keyed.length} payments, ${accounts.length} accounts, ${topUps.length} top-ups`);
