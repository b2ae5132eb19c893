import { Random } from "./random.ts";

/** What can go wrong, and where. Each kind draws from a stream of its own. */
export const faultKinds = {
  crash: "a process dies before or after a port call",
  stall: "a process stands still beside a port call, at times past its own end",
  zombie: "a process goes on after Lambda has given its time up",
  clock_skew: "a process's clock is up to 5 minutes off",
  invocation_throttled: "Lambda answers TooManyRequestsException, and the function never runs",
  invocation_failed: "Lambda answers ServiceException, and the function never runs",
  invocation_answer_lost: "the function runs, and Step Functions never hears how it ended",
  invocation_answer_late: "the function's answer arrives after the state has given up",
  store_throttled: "DynamoDB throttles every attempt of a call",
  store_request_lost: "an attempt never arrives; the SDK tries again",
  store_reply_lost: "an attempt is applied and its reply is lost; the SDK tries again",
  store_gone_after_write: "a write is applied, and neither its reply nor another attempt gets through",
  store_late: "an attempt arrives long after its caller gave up",
  store_conflict: "items of a write are held by other transactions",
  store_mixed_reasons: "a transaction is canceled for throttled items among others",
  store_restored: "the payments table comes back without its last write of one payment",
  acquirer_refuses: "the acquirer's host refuses the connection",
  acquirer_request_lost: "the request never arrives",
  acquirer_reply_lost: "the acquirer executes, then times out",
  acquirer_server_error: "the acquirer executes, then answers 500",
  acquirer_not_accepted: "the acquirer promises that it did not take the request",
  acquirer_proxy_error: "a proxy answers a bare 503, whether or not the acquirer executed",
  acquirer_slow: "the request or its reply takes longer than the caller waits",
  authorization_short: "an authorization expires while its saga runs",
  vault_down: "the vault does not answer",
  saga_twice: "the Express saga is started twice for one payment",
  saga_not_started: "the start of the saga is refused, or lost on its way",
  saga_answer_lost: "the saga runs, and its starter never hears of its end",
  record_lost: "the idempotency record is gone: its lock, or its answer",
  handed_over: "another region takes over while processes of this one still run",
} as const;

export type FaultKind = keyof typeof faultKinds;

const allKinds = Object.keys(faultKinds) as readonly FaultKind[];

/** Probability of each kind at each of its opportunities. What is left out never happens. */
export type FaultRates = Readonly<Partial<Record<FaultKind, number>>>;

export interface FaultOptions {
  /** Fixed rates, over what the seed draws. */
  readonly rates?: FaultRates;
  /** Kinds that never strike. */
  readonly without?: ReadonlySet<FaultKind>;
  /** Every payment that is captured is denied, over what the seed draws: no fault of ours, but what disputes are made of. */
  readonly allDenied?: true;
}

const activeShare = 0.3;
const rateChoices = [0.02, 0.06, 0.2] as const;
/** These end what there is to see for a payment, so they are rarer. */
const rareKinds: ReadonlySet<FaultKind> = new Set(["store_restored"]);
const rareShare = 0.05;
/**
 * Faults that belong together, each often: what breaks only when several things go wrong is rare in a mixture of
 * everything.
 */
const weathers: readonly FaultRates[] = [
  // Acquirers come and go under two runs of one saga.
  {
    saga_twice: 0.6,
    acquirer_not_accepted: 0.3,
    acquirer_refuses: 0.2,
    acquirer_slow: 0.3,
    acquirer_reply_lost: 0.2,
  },
  // The store applies and does not say so.
  {
    store_gone_after_write: 0.2,
    store_reply_lost: 0.2,
    store_late: 0.2,
    store_request_lost: 0.1,
    saga_twice: 0.3,
  },
  // Many write the same items at once.
  { store_conflict: 0.4, store_mixed_reasons: 0.1, saga_twice: 0.6, record_lost: 0.4, store_reply_lost: 0.1 },
  // Processes die, and rise again.
  { crash: 0.1, stall: 0.15, zombie: 0.6, invocation_answer_lost: 0.15, invocation_answer_late: 0.1 },
  // Authorizations end while clocks disagree.
  { authorization_short: 0.6, clock_skew: 0.5, stall: 0.1, acquirer_reply_lost: 0.1, saga_twice: 0.2 },
];
const weatherShare = 0.4;

/** Faults stop after this much virtual time at the latest: then everything must come to an end. */
const stormMsMax = 120_000;

/**
 * The faults of one history. In most of them most kinds are off and the others have different rates, so that some
 * histories are about one thing alone and rare combinations meet (swarm testing); the others have a weather.
 */
export class Faults {
  readonly endsAt: number;
  readonly rates: FaultRates;
  readonly #struck = new Map<FaultKind, number>();
  readonly #streams = new Map<FaultKind, Random>();
  readonly #now: () => number;

  constructor(seed: number, options: FaultOptions, now: () => number) {
    const random = new Random(seed, "faults");
    this.endsAt = now() + random.between(0, stormMsMax);
    this.#now = now;
    const isWeather = random.chance(weatherShare);
    const weather = random.pick(weathers);
    const rates: Partial<Record<FaultKind, number>> = isWeather ? { ...weather } : {};
    for (const kind of allKinds) {
      const isActive = random.chance(rareKinds.has(kind) ? rareShare : activeShare);
      const rate = random.pick(rateChoices);
      if (isActive && !isWeather) rates[kind] = rate;
    }
    Object.assign(rates, options.rates);
    for (const kind of options.without ?? []) delete rates[kind];
    this.rates = rates;
    for (const kind of allKinds) this.#streams.set(kind, new Random(seed, kind));
  }

  /** Whether this kind of fault strikes here and now. */
  strikes(kind: FaultKind): boolean {
    const rate = this.rates[kind];
    if (rate === undefined || this.#now() >= this.endsAt || !this.of(kind).chance(rate)) return false;
    this.#struck.set(kind, (this.#struck.get(kind) ?? 0) + 1);
    return true;
  }

  /** Chance for the details of a fault. */
  of(kind: FaultKind): Random {
    const stream = this.#streams.get(kind);
    if (stream === undefined) throw new Error(`${kind} is a kind of fault`);
    return stream;
  }

  /** How often each kind has struck. */
  get struck(): ReadonlyMap<FaultKind, number> {
    return this.#struck;
  }
}
