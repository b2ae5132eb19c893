import { marshall } from "@aws-sdk/util-dynamodb";
import { StoreContention, StoreUnavailable, WriterFenced } from "#adapters/dynamodb/errors.ts";
import { guardedAccountItem } from "#adapters/dynamodb/guarded-accounts.ts";
import { journalItem } from "#adapters/dynamodb/journal-codec.ts";
import { accountKey } from "#adapters/dynamodb/keys.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { type Account, type AccountId, type Book, noCounters } from "#core/ledger/account.ts";
import { systemAccount } from "#core/ledger/chart.ts";
import { credit, debit, type EntryId, type Hold } from "#core/ledger/entry.ts";
import { entryRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { postHold, voidHold } from "#core/ledger/resolution.ts";
import type { Currency } from "#core/money/currency.ts";
import { money } from "#core/money/money.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf, sagaEntryId } from "#core/payments/ids.ts";
import { createPayment, type Payment } from "#core/payments/payment.ts";
import type { Change, Committed } from "#core/payments/ports.ts";
import { books, purse, purseBook } from "./orders.ts";
import { Process } from "./process.ts";
import { Random } from "./random.ts";
import type { World } from "./world.ts";

/** Stands where an acquirer's name would: a wallet's payments are nobody's but the ledger's. */
const walletName = "wallet";

/** A payment of its own: no saga moves it, and nobody is reminded of it. */
export const isWallets = ({ method }: Payment): boolean =>
  method.type === "card" && method.token === walletName;

const activeShare = 0.4;
const spendsMax = 6;
const fundsOf = [0n, 50n, 100n] as const;
const shopRoomOf = [undefined, 40n, 80n] as const;
const amounts = [10n, 25n, 60n] as const;
const triesMax = 5;
const retryMsMax = 2_000;
const spreadMsMax = 3_000;
const frozenShare = 0.2;
const lostShare = 0.05;
const twiceShare = 0.3;
const otherCurrencyShare = 0.1;
/** What the purse of a history holds, and whether it is closed at some time. */
const purseFunds = [0n, 50n, 200n] as const;
const closedShare = 0.3;
const closedMsMax = 60_000;

/** One payment from the wallet to the shop, and what becomes of its hold. */
interface Spend {
  readonly key: string;
  readonly amount: bigint;
  readonly currency: Currency;
  readonly end: "post" | "void";
}

/**
 * Payments between guarded accounts, with holds, which no saga makes: it drives the store's guarded updates with
 * the same faults as the saga. A wallet may not fall below zero, nor the shop rise above its highest balance.
 */
export class Wallet {
  readonly #world: World;
  readonly #random: Random;
  readonly #book: Book = books[0] ?? ("mer_demo" as Book);
  readonly #accounts = new Map<string, Account>();

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new Random(seed, "wallet");
  }

  /** Of whoever acts now: none of them acts for long. */
  get #store(): PaymentStore {
    return new PaymentStore(
      this.#world.dynamoDb,
      { payments: "payments", ledger: "ledger" },
      this.#world.epoch,
    );
  }

  limitsOf(account: string): Pick<Account, "minAvailable" | "maxBalance"> {
    const { minAvailable, maxBalance } = this.#accounts.get(account) ?? {};
    return {
      ...(minAvailable === undefined ? {} : { minAvailable }),
      ...(maxBalance === undefined ? {} : { maxBalance }),
    };
  }

  /** Draws who spends what, and lets them. */
  begin(): void {
    const random = this.#random;
    this.#openPurse();
    if (!random.chance(activeShare)) return;
    this.#openAccounts();
    const { scheduler } = this.#world;
    const count = random.between(1, spendsMax);
    for (let n = 1; n <= count; n += 1) {
      const spend: Spend = {
        key: `spend-${n}`,
        amount: random.pick(amounts),
        currency: random.chance(otherCurrencyShare) ? "KWD" : "USD",
        end: random.pick(["post", "void"]),
      };
      const runs = random.chance(twiceShare) ? 2 : 1;
      for (let run = 1; run <= runs; run += 1)
        scheduler.schedule(random.between(0, spreadMsMax), () => this.#start(spend, `${spend.key}.${run}`));
    }
    if (random.chance(frozenShare))
      scheduler.schedule(random.between(0, spreadMsMax), () =>
        this.#setCondition(random.pick(["acc_wallet", "acc_shop"]), "frozen"),
      );
    if (random.chance(lostShare))
      scheduler.schedule(random.between(0, spreadMsMax), () => this.#lose("acc_wallet" as AccountId));
  }

  /** The account that pays for orders. When it is closed, it pays no more and takes nothing back. */
  #openPurse(): void {
    const random = this.#random;
    const account: Account = {
      ...noCounters,
      book: purseBook,
      currency: "USD",
      normalSide: "credit",
      condition: "open",
      id: purse as AccountId,
      creditsPosted: random.pick(purseFunds),
      minAvailable: 0n,
    };
    this.#open(account);
    this.#topUp(account);
    if (random.chance(closedShare))
      this.#world.scheduler.schedule(random.between(0, closedMsMax), () =>
        this.#setCondition(purse, "closed"),
      );
  }

  #open(account: Account): void {
    this.#accounts.set(account.id, account);
    this.#world.tables.place("ledger", guardedAccountItem(account));
  }

  #openAccounts(): void {
    const book = this.#book;
    const funds = this.#random.pick(fundsOf);
    const maxBalance = this.#random.pick(shopRoomOf);
    const common = { ...noCounters, book, currency: "USD", normalSide: "credit", condition: "open" } as const;
    const wallet: Account = {
      ...common,
      id: "acc_wallet" as AccountId,
      creditsPosted: funds,
      minAvailable: 0n,
    };
    const shop: Account = {
      ...common,
      id: "acc_shop" as AccountId,
      ...(maxBalance === undefined ? {} : { maxBalance }),
    };
    for (const account of [wallet, shop]) this.#open(account);
    this.#topUp(wallet);
  }

  #topUp({ id, book, creditsPosted: funds }: Account): void {
    if (funds === 0n) return;
    const at = this.#world.scheduler.now();
    const topUp = entryRecord({
      id: `je_top_up.${id}` as EntryId,
      book,
      state: "posted",
      legs: [debit(systemAccount(book, 1000, "USD"), funds, "USD"), credit(id, funds, "USD")],
      effectiveAt: at,
      recordedAt: at,
      execution: "operator",
    });
    this.#world.tables.place("ledger", marshall(journalItem(topUp)));
  }

  #setCondition(id: string, condition: Account["condition"]): void {
    const { tables, trace } = this.#world;
    const key = marshall(accountKey(this.#book, id as AccountId));
    const item = tables.get("ledger", key);
    if (item === undefined) return;
    trace.note(id, "operator", `now ${condition}`);
    tables.place("ledger", { ...item, condition: { S: condition } });
  }

  #lose(id: AccountId): void {
    this.#world.trace.note(id, "operator", "loses the account");
    this.#world.tables.remove("ledger", marshall(accountKey(this.#book, id)));
  }

  #start(spend: Spend, name: string): void {
    const id = paymentIdOf({ book: this.#book, route: walletName, idempotencyKey: spend.key });
    const errand = { subject: id, book: this.#book };
    const process = new Process(this.#world, name, 0, errand, () => undefined);
    process.note(`spends ${spend.amount} ${spend.currency}, then ${spend.end}`);
    process
      .run(() => this.#spend(process, spend, id))
      .catch((error: Error) => {
        process.note(`fails: ${error.name}`);
        this.#world.observer.taskFailed(process, error);
      });
  }

  async #spend(process: Process, spend: Spend, id: Payment["id"]): Promise<void> {
    const now = this.#world.scheduler.now();
    const payment = createPayment(
      {
        id,
        book: this.#book,
        total: money(spend.amount, spend.currency),
        capture: "automatic",
        method: { type: "card", token: walletName, brand: walletName, last4: "" },
        fees: { basisPoints: 0, fixed: 0n },
        fingerprint: spend.key,
        metadata: {},
      },
      now,
    );
    const created = await this.#store.create(payment);
    const before = created.kind === "exists" ? created.payment : payment;
    if (before.state !== "processing") return;
    const hold = holdOf(before, spend, now);
    const authorization = { acquirer: walletName, reference: spend.key, expiresAt: now };
    const held = await this.#commit(process, {
      before,
      after: evolve(before, { type: "authorized", authorization }, now),
      journal: entryRecord(hold),
    });
    if (held?.kind !== "applied" || held.payment.state !== "authorized") return;
    await this.#commit(process, resolve(held.payment, hold, spend));
  }

  /** Tries as a state machine would. */
  async #commit(process: Process, change: Change): Promise<Committed | undefined> {
    for (let n = 0; n < triesMax; n += 1) {
      try {
        const committed = await this.#store.commit(change);
        process.note(
          committed.kind === "refused" ? `is refused: ${committed.refusal}` : `is ${committed.kind}`,
        );
        if (committed.kind === "refused") this.#refused(process, change);
        return committed;
      } catch (error) {
        const isForeseen =
          error instanceof StoreUnavailable ||
          error instanceof StoreContention ||
          error instanceof WriterFenced;
        if (!isForeseen) throw error;
        this.#world.observer.taskFailed(process, error);
        await this.#world.scheduler.sleep(this.#world.delays.between(0, retryMsMax));
      }
    }
    return undefined;
  }

  /** A change that was applied before it was looked at again is never refused. */
  #refused(process: Process, { after }: Change): void {
    const { observer } = this.#world;
    const appliedAt = observer.storedAt(after);
    if (appliedAt !== undefined && appliedAt < process.servedAt && !observer.isRestored(after.id))
      observer.report("false_refusal", after.id, `version ${after.version} was applied, then refused`);
  }
}

function holdOf(payment: Payment, { amount, currency }: Spend, at: number): Hold {
  return {
    id: sagaEntryId(payment.id, "authorize"),
    book: payment.book,
    state: "pending",
    legs: legsOf(amount, currency),
    effectiveAt: at,
    recordedAt: at,
    execution: walletName,
  };
}

const legsOf = (amount: bigint, currency: Currency) => [
  debit("acc_wallet" as AccountId, amount, currency),
  credit("acc_shop" as AccountId, amount, currency),
];

function resolve(payment: Payment & { readonly state: "authorized" }, hold: Hold, spend: Spend): Change {
  const at = payment.updatedAt;
  if (spend.end === "void") {
    return {
      before: payment,
      after: evolve(payment, { type: "canceled", reason: "unspent" }, at),
      journal: resolutionRecord(voidHold(hold, at, walletName)),
    };
  }
  const resolution = postHold(hold, {
    id: sagaEntryId(payment.id, "capture"),
    legs: legsOf(spend.amount, spend.currency),
    at,
    execution: walletName,
  });
  if (!resolution.ok) throw new Error(resolution.error);
  const { authorization } = payment;
  return {
    before: payment,
    after: evolve(payment, { type: "captured", authorization, amount: spend.amount }, at),
    journal: resolutionRecord(resolution.value),
  };
}
