import type { DisputeInquiry, EvidenceOutcome, EvidenceRequest } from "#core/acquiring/disputes.ts";
import type { ToldDispute } from "#core/disputes/decide.ts";
import { type Dispute, sameDispute } from "#core/disputes/dispute.ts";
import type { DisputeChange, DisputeCommitted, DisputePorts } from "#core/disputes/ports.ts";
import { entryIdOf, type JournalRecord } from "#core/ledger/journal.ts";
import type { Payment } from "#core/payments/payment.ts";
import { day, demo, exampleAuthorization, examplePayment, noon } from "#tests/support/examples.ts";

/** What goes wrong with a call: its reply is lost after it was done, or it was never done. */
export type Fault = "lost_reply" | "never_done";

/** An acquirer's desk for one dispute, as its protocol promises it to be. */
class Desk {
  outcome: "won" | "lost" | undefined;
  /** Each time that evidence was taken, under which key. */
  readonly evidence: EvidenceRequest[] = [];
  readonly #faults: Fault[] = [];

  /** The next calls meet these. */
  fail(...faults: readonly Fault[]): void {
    this.#faults.push(...faults);
  }

  submitEvidence(request: EvidenceRequest): Promise<EvidenceOutcome> {
    const fault = this.#faults.shift();
    if (fault === "never_done") return Promise.resolve({ kind: "not_attempted", reason: "no_connection" });
    if (this.outcome !== undefined) return Promise.resolve({ kind: "not_open" });
    if (!this.evidence.some(({ key }) => key === request.key)) this.evidence.push(request);
    return Promise.resolve(
      fault === "lost_reply" ? { kind: "unknown", reason: "no_answer:deadline" } : { kind: "taken" },
    );
  }

  inquireDispute(): Promise<DisputeInquiry> {
    if (this.#faults.shift() !== undefined)
      return Promise.resolve({ kind: "unavailable", reason: "no_answer:deadline" });
    const evidence = this.evidence.map(({ key }) => key);
    return Promise.resolve({ kind: "found", state: this.outcome ?? "open", evidence });
  }
}

/** One payment, its dispute and the journal in memory, under the conditions that the store has; and an acquirer's desk. */
export class DisputeWorld {
  now: number = noon;
  readonly desk = new Desk();
  readonly versions: Dispute[] = [];
  readonly journal: JournalRecord[] = [];
  payment: Payment;
  /** Is called before each write: somebody else may come first. */
  beforeWrite: () => void = () => undefined;
  /** The reply of the next write is lost: its caller hears of a failure. */
  losesReply = false;

  constructor(more: Partial<Payment> = {}) {
    const standing = { state: "captured", captured: 100_00n, refunded: 0n } as const;
    this.payment = {
      ...examplePayment({ ...standing, authorization: exampleAuthorization }),
      ...more,
    } as Payment;
  }

  get dispute(): Dispute | undefined {
    return this.versions.at(-1);
  }

  get told(): ToldDispute {
    return {
      ...{ book: demo, payment: this.payment.id, acquirer: "alpha", reference: "case-1" },
      ...{ amount: 40_00n, currency: "USD", reason: "fraudulent", evidenceDueAt: noon + 7 * day, at: noon },
    };
  }

  /** As the journal names them. */
  get entries(): string[] {
    return this.journal.map((record) => entryIdOf(record).split(".")[1] ?? "");
  }

  get ports(): DisputePorts {
    return {
      disputes: {
        get: () => Promise.resolve(this.dispute),
        commitDispute: (change) => this.#commit(change),
      },
      payments: { get: () => Promise.resolve(this.payment) },
      desks: { desk: () => this.desk },
      now: () => this.now,
    };
  }

  #commit(change: DisputeChange): Promise<DisputeCommitted> {
    this.beforeWrite();
    const { before, journal } = change;
    const { dispute: stored } = this;
    if (stored?.version !== before?.version && stored !== undefined)
      return Promise.resolve(
        sameDispute(stored, change.after)
          ? { kind: "applied", dispute: stored }
          : { kind: "superseded", current: stored },
      );
    if (journal !== undefined) {
      const isThere = this.journal.some((record) => entryIdOf(record) === entryIdOf(journal));
      if (isThere) throw new Error(`${entryIdOf(journal)} is there already`);
      this.journal.push(journal);
    }
    this.versions.push(change.after);
    if (this.losesReply) {
      this.losesReply = false;
      return Promise.reject(new Error("StoreUnavailable"));
    }
    return Promise.resolve({ kind: "applied", dispute: change.after });
  }
}
