import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { AccountStore } from "#adapters/dynamodb/account-store.ts";
import { DeadLetterStore } from "#adapters/dynamodb/dead-letter-store.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import type { Epoch } from "#adapters/dynamodb/fence.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { PostingStore } from "#adapters/dynamodb/posting-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import { StoredTables } from "#adapters/dynamodb/stored-tables.ts";
import { PaymentStamps, TakeOver } from "#adapters/dynamodb/takeover.ts";
import { UserLedger } from "#adapters/dynamodb/user-ledger.ts";
import type { DueCheck } from "#adapters/sqs/check-queue.ts";
import type { Book, UserAccountId } from "#core/ledger/account.ts";
import { entryRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { postUserHold, type UserEntryId } from "#core/ledger/user-entry.ts";
import { beginRefund } from "#core/payments/begin.ts";
import type { Check, DisputeCheck } from "#core/payments/check.ts";
import type { PaymentEvent } from "#core/payments/events.ts";
import { evolve } from "#core/payments/evolve.ts";
import { paymentIdOf, refundIdOf } from "#core/payments/ids.ts";
import type { Payment } from "#core/payments/payment.ts";
import {
  captureResolution,
  holdEntry,
  refundHold,
  refundPosted,
  refundVoided,
  voidResolution,
  walletTransfer,
} from "#core/payments/postings.ts";
import { evolveRefund, type Refund } from "#core/payments/refund.ts";
import type { StoredBook } from "#core/proof/proof.ts";
import { answer } from "#functions/api/http/answer.ts";
import { entryView, standingEntries } from "#functions/api/ledger-api/views.ts";
import { takeAccounts } from "#functions/tasks/failover/accounts-page.ts";
import { takeAnswers } from "#functions/tasks/failover/answers-page.ts";
import { recountFolds } from "#functions/tasks/failover/folds-page.ts";
import { takeJournal } from "#functions/tasks/failover/journal-page.ts";
import { goThrough, type Page } from "#functions/tasks/failover/pass.ts";
import { takePayments } from "#functions/tasks/failover/payments-page.ts";
import type { PassInput, PassOutput } from "#workflows/failover/contract.ts";
import { day, exampleAuthorization, examplePayment, noon } from "./examples.ts";
import type { ToldAnswers } from "./told-answers.ts";
import { valued } from "./valued.ts";

const tables = { payments: "payments", ledger: "ledger" };

export const [float, alice] = ["acc_float", "acc_alice"] as UserAccountId[] as [UserAccountId, UserAccountId];

/** The stores of a region of an epoch. */
export const storesOf = (client: DynamoDBClient, epoch: Epoch, names = tables) => ({
  payments: new PaymentStore(client, names, epoch),
  refunds: new RefundStore(client, names, epoch),
  disputes: new DisputeStore(client, names, epoch),
  accounts: new AccountStore(client, names.ledger, epoch),
  ledger: new UserLedger(client, names.ledger, epoch),
  folds: new FoldStore(client, names.ledger, epoch),
  journal: new JournalStore(client, names.ledger),
});
type Stores = ReturnType<typeof storesOf>;

/** One merchant's busy minute, step by step, each as its saga would write it and the API would answer it. */
export class Minute {
  readonly book: Book;
  readonly #stores: Stores;
  readonly #told: ToldAnswers | undefined;
  #made = 0;
  #now = noon;

  constructor(stores: Stores, book: Book, told?: ToldAnswers) {
    this.#stores = stores;
    this.#told = told;
    this.book = book;
  }

  async openAccounts(): Promise<void> {
    for (const id of [float, alice])
      await this.#stores.accounts.open({
        ...{
          id,
          book: this.book,
          name: id,
          currency: "USD",
          normalSide: "credit",
          metadata: {},
          openedAt: noon,
        },
        ...(id === alice ? { minAvailable: 0n } : {}),
      });
  }

  async entry(amount: bigint, state: "posted" | "pending" = "posted"): Promise<UserEntryId> {
    this.#made += 1;
    const id = `je_top_up_${this.#made}` as UserEntryId;
    const legs = [
      { account: float, side: "debit" as const, amount },
      { account: alice, side: "credit" as const, amount },
    ];
    const [result] = await this.#stores.ledger.post(
      this.book,
      [{ id, state, legs, ...(state === "pending" ? { expiresInSeconds: 3_600 } : {}) }],
      this.#recordedBy(),
    );
    if (result?.kind !== "created") throw new Error(`${id} was not created`);
    await this.#tellEntry(id);
    return id;
  }

  async postEntry(id: UserEntryId): Promise<void> {
    const [hold] = await this.#stores.journal.find(this.book, [id]);
    if (hold?.type !== "entry" || hold.entry.state !== "pending") throw new Error(`${id} is no hold`);
    const whole = hold.entry as Parameters<typeof postUserHold>[0];
    const posted = valued(postUserHold(whole, { kind: "all" }, this.#recordedBy()));
    await this.#stores.ledger.resolve(posted);
    await this.#tellEntry(id);
  }

  async #tellEntry(id: UserEntryId): Promise<void> {
    const entry = standingEntries(await this.#stores.journal.find(this.book, [id])).get(id);
    if (entry !== undefined) await this.#told?.tell(answer(201, entryView(entry, this.#now)));
  }

  async create(more: Partial<Payment> = {}): Promise<Payment> {
    this.#made += 1;
    const id = paymentIdOf({ book: this.book, route: "torn", idempotencyKey: `${this.#made}` });
    const payment = { ...examplePayment(), book: this.book, id, ...more, createdAt: this.#tick() } as Payment;
    const created = { ...payment, updatedAt: payment.createdAt };
    await this.#stores.payments.create(created);
    await this.#told?.payment(created);
    return created;
  }

  authorize(payment: Payment): Promise<Payment> {
    const recorder = this.#recorder();
    const hold = valued(holdEntry(payment, exampleAuthorization, recorder));
    return this.#step(
      payment,
      { type: "authorized", authorization: exampleAuthorization },
      entryRecord(hold),
    );
  }

  async capture(payment: Payment, amount = payment.total.amount): Promise<Payment> {
    const began =
      payment.capture === "manual"
        ? await this.#step(payment, {
            type: "operation_started",
            operation: { kind: "capture", amount, startedAt: this.#now },
          })
        : payment;
    const resolution = valued(captureResolution(began, exampleAuthorization, amount, this.#recorder()));
    const event = { type: "captured", authorization: exampleAuthorization, amount } as const;
    return this.#step(began, event, resolutionRecord(resolution));
  }

  async release(payment: Payment): Promise<Payment> {
    const operation = { kind: "cancel", startedAt: this.#now } as const;
    const began = await this.#step(payment, { type: "operation_started", operation });
    const journal = resolutionRecord(voidResolution(began, exampleAuthorization, this.#recorder()));
    return this.#step(began, { type: "canceled", reason: "requested_by_merchant" }, journal);
  }

  async pay(amount: bigint): Promise<Payment> {
    const method = { type: "account", account: alice } as const;
    const payment = await this.create({ method, total: { currency: "USD", amount } });
    const entry = valued(walletTransfer(payment, method, this.#recorder()));
    return this.#step(payment, { type: "captured", amount }, entryRecord(entry));
  }

  async beginRefund(payment: Payment, amount: bigint): Promise<{ payment: Payment; refund: Refund }> {
    const at = this.#tick();
    const id = refundIdOf({ book: this.book, route: payment.id, idempotencyKey: `${at}` });
    const begun = valued(beginRefund(payment, { id, amount, fingerprint: "f" }, at));
    const after = evolve(payment, begun.event, at);
    const refund = { after: begun.refund };
    await this.#stores.refunds.commitRefund(payment, { refund, payment: { before: payment, after } });
    await this.#told?.refund(begun.refund);
    return { payment: after, refund: begun.refund };
  }

  async holdRefund({ payment, refund }: { payment: Payment; refund: Refund }) {
    const recorder = this.#recorder();
    const after = evolveRefund(refund, { type: "held" }, recorder.now);
    const journal = entryRecord(valued(refundHold(refund, exampleAuthorization, recorder)));
    await this.#stores.refunds.commitRefund(payment, { refund: { before: refund, after }, journal });
    return { payment, refund: after };
  }

  async endRefund(
    { payment, refund }: { payment: Payment; refund: Refund },
    gaveBack: boolean,
  ): Promise<Payment> {
    const recorder = this.#recorder();
    const resolution = (gaveBack ? refundPosted : refundVoided)(refund, exampleAuthorization, recorder);
    const end = gaveBack
      ? ({ type: "succeeded" } as const)
      : ({ type: "failed", reason: "refused" } as const);
    const type = gaveBack ? "refund_succeeded" : "refund_failed";
    const after = evolve(payment, { type, refund: refund.id }, recorder.now);
    const ended = evolveRefund(refund, end, recorder.now);
    await this.#stores.refunds.commitRefund(payment, {
      refund: { before: refund, after: ended },
      payment: { before: payment, after },
      journal: resolutionRecord(resolution),
    });
    await this.#told?.refund(ended);
    return after;
  }

  async #step(
    before: Payment,
    event: PaymentEvent,
    journal?: Parameters<PaymentStore["commit"]>[0]["journal"],
  ): Promise<Payment> {
    const after = evolve(before, event, this.#now);
    const committed = await this.#stores.payments.commit({ before, after, ...(journal && { journal }) });
    if (committed.kind !== "applied") throw new Error(`${before.id}: ${committed.kind}`);
    await this.#told?.payment(committed.payment);
    return committed.payment;
  }

  #tick(): number {
    this.#now += 10;
    return this.#now;
  }

  #recorder = () => ({ now: this.#tick(), execution: "run" });
  #recordedBy = () => ({ at: this.#tick(), execution: "run" });
}

export interface Promotion {
  readonly passes: readonly PassOutput[];
  /** What the passes could not decide, but for what was answered. */
  readonly letters: readonly string[];
  /** What was answered, and did not arrive. */
  readonly answered: readonly string[];
  readonly checks: readonly Check[];
  /** Those that nobody looks after here. */
  readonly disputes: readonly string[];
  /** Whether `dying` had its end. */
  readonly died: boolean;
}

let promotions = 0;

/** Whose calls fail from some time on. */
export interface Dying {
  readonly client: DynamoDBClient;
  /** Resolves when all that it had sent by then is done: what is made again meanwhile would meet it. */
  landed(): Promise<unknown>;
}

/**
 * The tasks of the failover, in the order of its state machine.
 * @param dying the pass that meets its end is made again with `client`, as all after it
 */
export async function promote(
  client: DynamoDBClient,
  epoch: Epoch,
  book: Book,
  dying?: Dying,
): Promise<Promotion> {
  promotions += 1;
  const began = noon + promotions * day;
  const checks: (Check | DisputeCheck)[] = [];
  const passes: PassOutput[] = [];
  let alive = dying?.client ?? client;
  for (const n of pagesOf(client, epoch, book, checks).keys())
    for (const segment of [0, 1]) {
      const where: PassInput = {
        ...{ segment, segments: 2, cursor: null, since: noon - 1, began, execution: "failover" },
      };
      const pass = (by: DynamoDBClient) =>
        goThrough(
          pagesOf(by, epoch, book, checks)[n] as Page,
          new DeadLetterStore(by, "dead-letters"),
          where,
          () => true,
        );
      try {
        passes.push(await pass(alive));
      } catch (error) {
        if (alive === client) throw error;
        await dying?.landed();
        alive = client;
        passes.push(await pass(client));
      }
    }
  const { letters } = await new DeadLetterStore(client, "dead-letters").list({ limit: 1_000 });
  const kept = letters.filter(({ receivedAt }) => receivedAt === began).map(({ reason }) => reason);
  const isAnswer = (reason: string) => reason.includes("was answered to");
  return {
    ...{
      passes,
      checks: checks.filter((check) => "payment" in check),
      disputes: checks.flatMap((check) => ("dispute" in check ? [check.dispute] : [])),
      letters: kept.filter((reason) => !isAnswer(reason)),
      answered: kept.filter(isAnswer),
    },
    died: dying !== undefined && alive === client,
  };
}

function pagesOf(
  client: DynamoDBClient,
  epoch: Epoch,
  book: Book,
  checks: (Check | DisputeCheck)[],
): readonly Page[] {
  const { payments, refunds, disputes, folds, journal } = storesOf(client, epoch);
  const takeOver = new TakeOver(client, tables, epoch);
  const send = async (due: readonly DueCheck[]) => void checks.push(...due.map(({ check }) => check));
  const common = { client, takeOver, journal };
  const stamps = new PaymentStamps(client, tables.payments, epoch);
  const ofPayments = {
    table: tables.payments,
    payments,
    refunds,
    disputes,
    stamps,
    checks: { send },
    now: () => noon + 60_000,
  };
  const ofAccounts = { table: tables.ledger, postings: new PostingStore(client, tables.ledger) };
  return [
    (...at) => takePayments({ ...common, ...ofPayments }, ...at),
    (...at) => takeAnswers({ client, tables: { ...tables, idempotency: "idempotency" } }, ...at),
    (...at) => takeJournal({ ...common, tables }, ...at),
    (...at) => takeAccounts({ ...common, ...ofAccounts }, ...at),
    recountFolds({ takeOver, folds, books: async () => [book] }),
  ];
}

/** What the books of one merchant say. */
export async function bookOf(client: DynamoDBClient, book: Book): Promise<StoredBook> {
  const { books } = await new StoredTables(client, "").read();
  const found = books.find((each) => each.book === book);
  if (found === undefined) throw new Error(`${book} has no books`);
  return found;
}
