import {
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";
import { AccountStore } from "#adapters/dynamodb/account-store.ts";
import type { Epoch } from "#adapters/dynamodb/fence.ts";
import { FoldStore } from "#adapters/dynamodb/fold-store.ts";
import { JournalStore } from "#adapters/dynamodb/journal-store.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { PostingStore } from "#adapters/dynamodb/posting-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import type { StoredItem } from "#adapters/dynamodb/stored.ts";
import { StoredTables } from "#adapters/dynamodb/stored-tables.ts";
import { TakeOver } from "#adapters/dynamodb/takeover.ts";
import { UserLedger } from "#adapters/dynamodb/user-ledger.ts";
import type { Book, UserAccountId } from "#core/ledger/account.ts";
import { entryRecord, resolutionRecord } from "#core/ledger/journal.ts";
import { postUserHold, type UserEntryId } from "#core/ledger/user-entry.ts";
import { beginRefund } from "#core/payments/begin.ts";
import type { Check } from "#core/payments/check.ts";
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
import { takeAccounts } from "#functions/tasks/failover/accounts-page.ts";
import { recountFolds } from "#functions/tasks/failover/folds-page.ts";
import { takeJournal } from "#functions/tasks/failover/journal-page.ts";
import { goThrough, type Page } from "#functions/tasks/failover/pass.ts";
import { takePayments } from "#functions/tasks/failover/payments-page.ts";
import type { PassInput, PassOutput } from "#workflows/failover/contract.ts";
import { exampleAuthorization, examplePayment, noon } from "./examples.ts";

const tables = { payments: "payments", ledger: "ledger" };
const tableNames = ["payments", "ledger"] as const;

export const [float, alice] = ["acc_float", "acc_alice"] as UserAccountId[] as [UserAccountId, UserAccountId];

/** The stores of a region of an epoch. */
export const storesOf = (client: DynamoDBClient, epoch: Epoch, names = tables) => ({
  payments: new PaymentStore(client, names, epoch),
  refunds: new RefundStore(client, names, epoch),
  accounts: new AccountStore(client, names.ledger, epoch),
  ledger: new UserLedger(client, names.ledger, epoch),
  folds: new FoldStore(client, names.ledger, epoch),
  journal: new JournalStore(client, names.ledger),
});
type Stores = ReturnType<typeof storesOf>;

function legsOf<Value>(
  result: { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: unknown },
): Value {
  if (!result.ok) throw new Error(String(result.error));
  return result.value;
}

/** One merchant's busy minute, step by step, each as its saga would write it. */
export class Minute {
  readonly book: Book;
  readonly #stores: Stores;
  #made = 0;
  #now = noon;

  constructor(stores: Stores, book: Book) {
    this.#stores = stores;
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
    return id;
  }

  async postEntry(id: UserEntryId): Promise<void> {
    const [hold] = await this.#stores.journal.find(this.book, [id]);
    if (hold?.type !== "entry" || hold.entry.state !== "pending") throw new Error(`${id} is no hold`);
    const whole = hold.entry as Parameters<typeof postUserHold>[0];
    const posted = legsOf(postUserHold(whole, { kind: "all" }, this.#recordedBy()));
    await this.#stores.ledger.resolve(posted);
  }

  async create(more: Partial<Payment> = {}): Promise<Payment> {
    this.#made += 1;
    const id = paymentIdOf({ book: this.book, route: "torn", idempotencyKey: `${this.#made}` });
    const payment = { ...examplePayment(), book: this.book, id, ...more, createdAt: this.#tick() } as Payment;
    await this.#stores.payments.create({ ...payment, updatedAt: payment.createdAt });
    return { ...payment, updatedAt: payment.createdAt };
  }

  authorize(payment: Payment): Promise<Payment> {
    const recorder = this.#recorder();
    const hold = legsOf(holdEntry(payment, exampleAuthorization, recorder));
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
    const resolution = legsOf(captureResolution(began, exampleAuthorization, amount, this.#recorder()));
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
    const entry = legsOf(walletTransfer(payment, method, this.#recorder()));
    return this.#step(payment, { type: "captured", amount }, entryRecord(entry));
  }

  async beginRefund(payment: Payment, amount: bigint): Promise<{ payment: Payment; refund: Refund }> {
    const at = this.#tick();
    const id = refundIdOf({ book: this.book, route: payment.id, idempotencyKey: `${at}` });
    const begun = legsOf(beginRefund(payment, { id, amount, fingerprint: "f" }, at));
    const after = evolve(payment, begun.event, at);
    const refund = { after: begun.refund };
    await this.#stores.refunds.commitRefund(payment, { refund, payment: { before: payment, after } });
    return { payment: after, refund: begun.refund };
  }

  async holdRefund({ payment, refund }: { payment: Payment; refund: Refund }) {
    const recorder = this.#recorder();
    const after = evolveRefund(refund, { type: "held" }, recorder.now);
    const journal = entryRecord(legsOf(refundHold(refund, exampleAuthorization, recorder)));
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
    await this.#stores.refunds.commitRefund(payment, {
      refund: { before: refund, after: evolveRefund(refund, end, recorder.now) },
      payment: { before: payment, after },
      journal: resolutionRecord(resolution),
    });
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
    return committed.payment;
  }

  #tick(): number {
    this.#now += 10;
    return this.#now;
  }

  #recorder = () => ({ now: this.#tick(), execution: "run" });
  #recordedBy = () => ({ at: this.#tick(), execution: "run" });
}

type Key = string;
const keyOf = (table: string, item: StoredItem): Key => `${table} ${item["pk"]?.S} ${item["sk"]?.S}`;

/** Every version that each item of a book ever had, as its replication would bring them. */
export class Replication {
  readonly #client: DynamoDBClient;
  readonly #book: Book;
  readonly #versions = new Map<Key, StoredItem[]>();

  constructor(client: DynamoDBClient, book: Book) {
    this.#client = client;
    this.#book = book;
  }

  /** To be called after each step. */
  async look(): Promise<void> {
    for (const [key, item] of await this.#items()) {
      const versions = this.#versions.get(key) ?? [];
      if (textOf(versions.at(-1)) !== textOf(item)) versions.push(item);
      this.#versions.set(key, versions);
    }
  }

  /** Leaves of each item what arrived: its first so many versions, 0 for an item that did not arrive at all. */
  async leave(arrived: (key: Key, versions: number) => number): Promise<void> {
    for (const [key, { pk, sk }] of await this.#items()) {
      const [TableName = ""] = key.split(" ");
      if (pk !== undefined && sk !== undefined)
        await this.#client.send(new DeleteItemCommand({ TableName, Key: { pk, sk } }));
    }
    for (const [key, versions] of this.#versions) {
      const [TableName = ""] = key.split(" ");
      const stands = versions[arrived(key, versions.length) - 1];
      if (stands !== undefined)
        await this.#client.send(new PutItemCommand({ TableName, Item: { ...stands } }));
    }
  }

  /** All that is stored of the book, each item as text: the same when nothing has changed. */
  async print(): Promise<readonly string[]> {
    return [...(await this.#items())].map(([key, item]) => `${key} ${textOf(item)}`).toSorted();
  }

  /** As they are stored now. */
  async items(): Promise<readonly StoredItem[]> {
    return [...(await this.#items()).values()];
  }

  async #items(): Promise<Map<Key, StoredItem>> {
    const items = new Map<Key, StoredItem>();
    for (const TableName of tableNames) {
      const { Items = [] } = await this.#client.send(new ScanCommand({ TableName }));
      for (const item of Items)
        if (item["pk"]?.S?.startsWith(`${this.#book}#`)) items.set(keyOf(TableName, item), item);
    }
    return items;
  }
}

/** Members in the order of their names: a table gives maps in an order of its own. */
const textOf = (item: StoredItem | undefined): string =>
  JSON.stringify(item, (_name, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );

export interface Promotion {
  readonly passes: readonly PassOutput[];
  readonly letters: readonly string[];
  readonly checks: readonly Check[];
}

/** The tasks of the failover, in the order of its state machine. */
export async function promote(client: DynamoDBClient, epoch: Epoch, book: Book): Promise<Promotion> {
  const { payments, refunds, folds, journal } = storesOf(client, epoch);
  const takeOver = new TakeOver(client, tables, epoch);
  const checks: Check[] = [];
  const send = async (due: readonly { readonly check: Check }[]) =>
    void checks.push(...due.map(({ check }) => check));
  const now = () => noon + 60_000;
  const common = { client, takeOver, journal };
  const pages: readonly Page[] = [
    (where, cursor) =>
      takePayments(
        { ...common, table: tables.payments, payments, refunds, checks: { send }, now },
        where,
        cursor,
      ),
    (where, cursor) => takeJournal({ ...common, tables }, where, cursor),
    (where, cursor) =>
      takeAccounts(
        { ...common, table: tables.ledger, postings: new PostingStore(client, tables.ledger) },
        where,
        cursor,
      ),
    recountFolds({ takeOver, folds, books: async () => [book] }),
  ];
  const letters: string[] = [];
  const keep = async ({ reason }: { readonly reason: string }) => void letters.push(reason);
  const passes: PassOutput[] = [];
  for (const page of pages)
    for (const segment of [0, 1]) {
      const where: PassInput = {
        ...{ segment, segments: 2, cursor: null, since: noon - 1, began: noon, execution: "failover" },
      };
      passes.push(await goThrough(page, { keep }, where, () => true));
    }
  return { passes, letters, checks };
}

/** What the books of one merchant say. */
export async function bookOf(client: DynamoDBClient, book: Book): Promise<StoredBook> {
  const { books } = await new StoredTables(client, "").read();
  const found = books.find((each) => each.book === book);
  if (found === undefined) throw new Error(`${book} has no books`);
  return found;
}
