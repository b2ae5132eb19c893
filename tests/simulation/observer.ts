import { unmarshall } from "@aws-sdk/util-dynamodb";
import { firstEpoch } from "#adapters/dynamodb/fence.ts";
import { disputeNotePrefix } from "#adapters/dynamodb/keys.ts";
import {
  readStored,
  type StoredItem,
  storedAccount,
  storedPayment,
  storedRefund,
} from "#adapters/dynamodb/stored.ts";
import { lossOf } from "#core/disputes/dispute.ts";
import { authorizationOf, type Payment } from "#core/payments/payment.ts";
import { toRecord } from "#core/payments/record.ts";
import type { Refund } from "#core/payments/refund.ts";
import { toRefundRecord } from "#core/payments/refund-record.ts";
import { checkAgreement, checkOneReference, checkRecorded } from "#core/proof/acquirers.ts";
import { checkStored } from "#core/proof/book.ts";
import type { Finding } from "#core/proof/finding.ts";
import { checkAppend, checkEpoch, checkKeys, checkNoCards } from "#core/proof/items.ts";
import { checkMovement, checkRoom } from "#core/proof/ledger.ts";
import { checkRefundTransition, checkTransition } from "#core/proof/payments.ts";
import type { Stored } from "#core/proof/stored.ts";
import type { DisputeOutput } from "#workflows/dispute/contract.ts";
import type { Write } from "./dynamodb/tables.ts";
import type { Process } from "./process.ts";
import type { SagaRun } from "./sagas.ts";
import { isWallets } from "./wallet.ts";
import {
  checkDisputesAtRest,
  checkNotes,
  disputeWritten,
  isOfRestored,
  isOpening,
  limitsOfSystem,
  lookedFindings,
} from "./watched-disputes.ts";
import type { World } from "./world.ts";

/** What a task throws when something around it failed: the state machine knows what each means. */
const foreseenErrors = new Set([
  "VaultUnavailable",
  "AcquirerUnavailable",
  "StoreUnavailable",
  "StoreContention",
  "WriterFenced",
]);
/** Fewer conflicts than this are outwaited, never handed on. */
const contentionMin = 3;

/** Watches a history, and keeps the first thing that is wrong with it. */
export class Observer {
  #finding: Finding | undefined;
  #isDirty = false;
  readonly #world: World;
  readonly #cards: ReadonlySet<string>;
  /** Payments that a restore has moved back: only the journal still says what happened to them. */
  readonly #restored = new Set<string>();
  /** Every version of every payment that was ever stored, as JSON. */
  readonly #versions = new Map<string, { readonly json: string; readonly at: number }>();

  constructor(world: World, cards: ReadonlySet<string>) {
    this.#world = world;
    this.#cards = cards;
  }

  get finding(): Finding | undefined {
    return this.#finding;
  }

  report(invariant: string, subject: string, what: string): void {
    this.#keep({ invariant, subject, what });
  }

  /** Something outside the tables was committed: look again after this event. */
  committed(): void {
    this.#isDirty = true;
  }

  restored(id: string): void {
    this.#restored.add(id);
  }

  isRestored(id: string): boolean {
    return this.#restored.has(id);
  }

  /** Every key that a process touches starts with the book that it works for. */
  keysTouched(process: Process, keys: readonly StoredItem[]): void {
    for (const key of keys) this.#keep(...checkKeys(unmarshall(key), (book) => book === process.errand.book));
  }

  written(writes: readonly Write[]): void {
    this.#isDirty = true;
    for (const write of writes) {
      const { before, after } = write;
      this.#keep(...checkNoCards(write.key, JSON.stringify(after), this.#cards));
      this.#keep(...checkEpoch(write.key, epochIn(before), epochIn(after)));
      switch (after["sk"]?.S) {
        case "payment":
          this.#paymentWritten(before, after);
          break;
        case "refund":
          this.#refundWritten(before, after);
          break;
        case "dispute":
          this.#keep(...disputeWritten(this.#world, before, after));
          break;
        case "account":
          if (before !== undefined && !isOpening(after))
            this.#keep(...checkMovement(storedAccount(before), storedAccount(after)));
          else if (before !== undefined) this.report("guarded", write.key, "an account was opened twice");
          else if (!isOpening(after)) this.report("guarded", write.key, "an account came out of nothing");
          break;
        default:
          // That a payment has a dispute is said again by whoever opens it where a restore has lost it.
          if (after["sk"]?.S?.startsWith(disputeNotePrefix) !== true)
            this.#keep(...checkAppend(before, write.key));
      }
    }
  }

  /** A task has ended, and was heard: what it threw must be foreseen, and something must have gone wrong before. */
  taskFailed(process: Process, error: { readonly name: string; readonly message: string }): void {
    const { subject } = process.errand;
    if (this.#restored.has(subject)) return;
    const what = `${process.name} threw ${error.name}: ${error.message}`;
    if (!foreseenErrors.has(error.name)) this.report("unforeseen", subject, what);
    const isContention = error.name === "StoreContention";
    const isFenced = error.name === "WriterFenced";
    const wasHindered = isContention
      ? process.conflicts >= contentionMin
      : process.struck.length > 0 || process.conflicts > 0 || (isFenced && this.#world.epoch > firstEpoch);
    if (!wasHindered)
      this.report("needless_failure", subject, `${what}, after ${process.conflicts} conflicts`);
  }

  /** A saga that ended well leaves no payment behind that it could have moved on, when nobody else had a hand in it. */
  sagaEnded(run: SagaRun, payment: Payment): void {
    this.told(payment);
    if (this.#restored.has(payment.id) || this.#world.sagas.of(payment.id).length > 1) return;
    const isLeftBehind =
      payment.state === "processing" || (payment.state === "authorized" && payment.capture === "automatic");
    if (isLeftBehind)
      this.report("liveness", payment.id, `${run.name} succeeded, and it is ${payment.state}`);
  }

  refundEnded(run: SagaRun, refund: Refund): void {
    this.#toldRefund(refund);
    const runs = this.#world.sagas.of(refund.payment).filter(({ saga }) => saga === run.saga);
    if (refund.state === "processing" && runs.length === 1 && !this.#restored.has(refund.payment))
      this.report("liveness", refund.payment, `${run.name} succeeded, and its refund is ${refund.state}`);
  }

  #toldRefund(refund: Refund): void {
    const stored = this.#versions.get(versionKey(refund));
    if (stored?.json === JSON.stringify(toRefundRecord(refund)) || this.#restored.has(refund.payment)) return;
    this.report(
      "told",
      refund.payment,
      `an answer of version ${refund.version} of ${refund.id} was never stored`,
    );
  }

  /** What a caller is told of a payment is a version that was stored. */
  told(payment: Payment): void {
    const stored = this.#versions.get(versionKey(payment));
    if (stored?.json === JSON.stringify(toRecord(payment))) return;
    if (this.#restored.has(payment.id)) return;
    this.report("told", payment.id, `an answer of version ${payment.version} was never stored`);
  }

  /** When a version of a payment was stored, if it was. */
  storedAt(payment: Payment): number | undefined {
    return this.#versions.get(versionKey(payment))?.at;
  }

  /** A text that leaves a process. */
  shown(subject: string, text: string): void {
    this.#keep(...checkNoCards(subject, text, this.#cards));
  }

  /** To be called after every event. */
  check(): void {
    if (!this.#isDirty || this.#finding !== undefined) return;
    this.#isDirty = false;
    try {
      this.#look();
    } catch (error) {
      this.report("unreadable", "", String(error));
    }
  }

  #look(): void {
    const stored = this.#stored();
    this.#keep(...checkStored(stored).filter((finding) => !isOfRestored(this.#world, finding)));
    this.#keep(...checkNotes(this.#world, stored.disputes));
    for (const account of stored.accounts)
      this.#keep(
        ...checkRoom(account, limitsOfSystem(account.id) ?? this.#world.wallet.limitsOf(account.id)),
      );
    const { authorizations } = this.#world.network;
    const payments = stored.payments.filter(bySaga);
    this.#keep(...checkRecorded(payments, authorizations));
    const runOnce = new Set(
      payments.filter(({ id }) => this.#world.sagas.isAlone(id)).map(({ id }) => id as string),
    );
    this.#keep(...checkOneReference(authorizations.filter(({ payment }) => runOnce.has(payment))));
  }

  /** To be called when nothing can happen any more. */
  finish(): void {
    this.#isDirty = true;
    this.check();
    for (const run of this.#world.sagas.all) {
      if (run.end === undefined) this.report("liveness", run.payment, `${run.name} never ended`);
    }
    const stored = this.#stored();
    this.#keep(...checkDisputesAtRest(this.#world, stored.disputes));
    const payments = stored.payments.filter(bySaga);
    for (const payment of payments) this.#finishPayment(payment);
    const decided = new Set(
      payments.filter((payment) => this.#isDecided(payment)).map(({ id }) => id as string),
    );
    const authorizations = this.#world.network.authorizations;
    this.#keep(
      ...checkAgreement(
        payments.filter(({ id }) => decided.has(id)),
        authorizations.filter(({ payment }) => decided.has(payment)),
      ),
    );
    const known = new Set<string>(payments.map(({ id }) => id));
    for (const { acquirer, payment } of authorizations)
      if (!known.has(payment) && !this.#restored.has(payment))
        this.report("agreement", payment, `${acquirer} holds money of a payment nobody has`);
  }

  /** Where payments stand. */
  ends(): string[] {
    return this.#stored()
      .payments.filter(bySaga)
      .map(({ state }) => state);
  }

  /** What came of a look at a dispute. */
  looked(payment: string, output: DisputeOutput): void {
    if (!this.#restored.has(payment)) this.#keep(...lookedFindings(this.#world, payment, output));
  }

  /** How disputes stand. */
  disputeEnds(): string[] {
    return this.#stored().disputes.map((dispute) => [dispute.state, lossOf(dispute) ?? []].flat().join(": "));
  }

  /** When everything is over, nothing is open that no person was called for. */
  #finishPayment(payment: Payment): void {
    if (!isOpen(payment) || this.#world.sagas.isWithPerson(payment.id)) return;
    this.report("liveness", payment.id, `it is over, and it is ${describe(payment)}`);
  }

  /** Whether acquirers and tables must agree on it by now: always, but when a person has to look at it. */
  #isDecided(payment: Payment): boolean {
    return !isOpen(payment) && !this.#world.sagas.isWithPerson(payment.id);
  }

  #refundWritten(before: StoredItem | undefined, after: StoredItem): void {
    const refund = storedRefund(after);
    const from = before === undefined ? undefined : storedRefund(before);
    const was = from === undefined ? "nothing" : `${from.state} v${from.version}`;
    this.#world.trace.note(
      refund.payment,
      "refunds",
      `${refund.n}: ${was} → ${refund.state} v${refund.version}`,
    );
    if (this.#restored.has(refund.payment)) return;
    this.#keep(...checkRefundTransition(from, refund));
    const json = JSON.stringify(toRefundRecord(refund));
    this.#versions.set(versionKey(refund), { json, at: this.#world.scheduler.now() });
  }

  #paymentWritten(before: StoredItem | undefined, after: StoredItem): void {
    const payment = storedPayment(after);
    const from = before === undefined ? undefined : storedPayment(before);
    this.#world.trace.note(
      payment.id,
      "payments",
      `${from === undefined ? "nothing" : `${from.state} v${from.version}`} → ${describe(payment)}`,
    );
    if (this.#restored.has(payment.id)) return;
    this.#keep(...checkTransition(from, payment));
    const json = JSON.stringify(toRecord(payment));
    this.#versions.set(versionKey(payment), { json, at: this.#world.scheduler.now() });
  }

  /** What the tables say, but for what a restore took back. */
  #stored(): Stored {
    const { tables } = this.#world;
    const { payments, refunds, disputes, journal, accounts } = readStored([
      ...tables.items("payments"),
      ...tables.items("ledger"),
    ]);
    const isThere = (id: string): boolean => !this.#restored.has(id);
    return {
      payments: payments.filter(({ id }) => isThere(id)),
      refunds: refunds.filter(({ payment }) => isThere(payment)),
      disputes: disputes.filter(({ payment }) => isThere(payment)),
      journal,
      accounts,
    };
  }

  #keep(...findings: readonly Finding[]): void {
    this.#finding ??= findings[0];
  }
}

const epochIn = (item: StoredItem | undefined): number => Number(item?.["epoch"]?.N ?? 0);

/** It may still move by itself, or is waited for. */
const isOpen = ({ state, pendingOperation }: Payment): boolean =>
  pendingOperation !== undefined ||
  state === "processing" ||
  state === "requires_action" ||
  state === "authorized" ||
  state === "in_review";

const versionKey = ({ id, version }: Pick<Payment | Refund, "id" | "version">): string => `${id} ${version}`;

const bySaga = (payment: Payment): boolean => !isWallets(payment);

function describe(payment: Payment): string {
  const authorization = authorizationOf(payment);
  const by = authorization === undefined ? "" : `, ${authorization.acquirer}/${authorization.reference}`;
  const why = payment.state === "in_review" ? `, ${payment.review.operation}: ${payment.review.reason}` : "";
  const { pendingOperation: pending } = payment;
  const going = pending === undefined ? "" : `, ${pending.kind} in progress`;
  return `${payment.state} v${payment.version}${by}${going}${why}`;
}
