import type { DisputeInquiry } from "../../acquiring/disputes.ts";
import { invariant } from "../../kernel/invariant.ts";
import type { Book } from "../../ledger/account.ts";
import { entryRecord } from "../../ledger/journal.ts";
import { type Dispute, type DisputeFact, evolveDispute } from "../dispute.ts";
import { type DisputeId, evidenceKeyOf } from "../ids.ts";
import type { DisputePorts } from "../ports.ts";
import { chargebackWonEntry } from "../postings.ts";
import { isOver } from "../states.ts";

export interface LookAt {
  readonly book: Book;
  readonly id: DisputeId;
  /** How often nothing came of looking since something did: 0 at first. */
  readonly attempt: number;
  readonly execution: string;
  /** Epoch milliseconds, when to stop waiting for the acquirer. */
  readonly deadline: number;
}

/**
 * What is to be done next.
 *
 * - `concluded`: it is won or lost.
 * - `waiting`: for the merchant's word, for time, or for the acquirer's decision.
 * - `ask_again`: the acquirer did not answer, or somebody moved the dispute meanwhile.
 */
export type Looked =
  | { readonly outcome: "concluded"; readonly dispute: Dispute }
  | {
      readonly outcome: "waiting" | "ask_again";
      readonly dispute: Dispute;
      readonly reason: string;
      /** Seconds until the next look. */
      readonly wait: number;
    };

type EndFact = Extract<DisputeFact, { type: "decided" | "overdue" }>;

const hourSeconds = 3_600;
/**
 * While the merchant may speak: also one who spoke, and whose word was written down and then left by a process that died, is
 * found within an hour.
 */
const wordWaitSecondsMax = hourSeconds;
/** The acquirer tells how it ends; this is for what it told and we did not hear. */
const decisionWaitSeconds = 24 * hourSeconds;
/** Seconds before an acquirer that did not answer is asked again. */
const silenceWaits = [5, 30, 300, hourSeconds] as const;

/**
 * Looks at a dispute, and does what can be done. The acquirer is asked first: it may have decided, or have the evidence that
 * an earlier try brought. Nothing is done twice by looking twice.
 */
export async function look(ports: DisputePorts, at: LookAt): Promise<Looked> {
  const { book, id, deadline } = at;
  const dispute = await ports.disputes.get(book, id);
  invariant(dispute !== undefined, `${id} of ${book} is there`);
  if (isOver(dispute.state)) return { outcome: "concluded", dispute };
  const { acquirer, reference } = dispute;
  const said = await ports.desks.desk(acquirer).inquireDispute({ reference, deadline });
  if (said.kind === "not_found") return askAgain(dispute, "the acquirer does not find it", at);
  if (said.kind === "unavailable") return askAgain(dispute, said.reason, at);
  if (said.state !== "open") return conclude(ports, dispute, endSaid(dispute, said.state, ports.now()), at);
  if (dispute.state === "under_review") return underReview(dispute);
  return dispute.evidence === undefined
    ? awaitWord(ports, dispute, at)
    : bringEvidence(ports, dispute, said, at);
}

/** Who lost because nobody said anything lost by that, though the acquirer was quicker to say so. */
const endSaid = ({ evidence, evidenceDueAt }: Dispute, outcome: "won" | "lost", now: number): EndFact =>
  outcome === "lost" && evidence === undefined && now >= evidenceDueAt
    ? { type: "overdue" }
    : { type: "decided", outcome };

/** The merchant has said nothing yet. */
async function awaitWord(ports: DisputePorts, dispute: Dispute, at: LookAt): Promise<Looked> {
  const leftMs = dispute.evidenceDueAt - ports.now();
  if (leftMs <= 0) return conclude(ports, dispute, { type: "overdue" }, at);
  // Rounded up: who looks a moment too early would only look again.
  const wait = Math.min(Math.ceil(leftMs / 1_000), wordWaitSecondsMax);
  return { outcome: "waiting", dispute, reason: "the merchant has said nothing yet", wait };
}

/** The merchant's evidence is on its way to the acquirer, or there already. */
async function bringEvidence(
  ports: DisputePorts,
  dispute: Dispute,
  said: Extract<DisputeInquiry, { kind: "found" }>,
  at: LookAt,
): Promise<Looked> {
  const { evidence, reference, acquirer } = dispute;
  const key = evidenceKeyOf(dispute.payment, dispute.id);
  if (!said.evidence.includes(key)) {
    invariant(evidence?.texts !== undefined, `${dispute.id} is open, so that nothing of it was erased`);
    const request = { key, reference, ...evidence.texts, deadline: at.deadline };
    const brought = await ports.desks.desk(acquirer).submitEvidence(request);
    switch (brought.kind) {
      case "taken":
        break;
      case "not_open":
        return askAgain(dispute, "the acquirer takes no evidence any more, and has not said how it ends", at);
      case "not_attempted":
      case "unknown":
        return askAgain(dispute, brought.reason, at);
    }
  }
  const after = evolveDispute(dispute, { type: "evidence_submitted" }, ports.now());
  const committed = await ports.disputes.commitDispute({ before: dispute, after });
  return committed.kind === "applied"
    ? underReview(committed.dispute)
    : askAgain(dispute, "somebody else moved it", at);
}

const underReview = (dispute: Dispute): Looked => ({
  outcome: "waiting",
  dispute,
  reason: "the acquirer has not decided yet",
  wait: decisionWaitSeconds,
});

/** Writes down how it ends, and what that means for the books. */
async function conclude(ports: DisputePorts, dispute: Dispute, fact: EndFact, at: LookAt): Promise<Looked> {
  const now = ports.now();
  const after = evolveDispute(dispute, fact, now);
  const committed = await ports.disputes.commitDispute({
    before: dispute,
    after,
    ...(after.state === "won" ? { journal: returned(dispute, now, at.execution) } : {}),
  });
  if (committed.kind === "applied") return { outcome: "concluded", dispute: committed.dispute };
  const reason = committed.kind === "refused" ? committed.refusal : "somebody else moved it";
  return askAgain(dispute, reason, at);
}

function returned(dispute: Dispute, now: number, execution: string) {
  const entry = chargebackWonEntry(dispute, { now, execution });
  invariant(entry.ok, `what was charged back of ${dispute.id} can be returned`);
  return entryRecord(entry.value);
}

function askAgain(dispute: Dispute, reason: string, { attempt }: Pick<LookAt, "attempt">): Looked {
  const wait = silenceWaits[Math.min(attempt, silenceWaits.length - 1)] ?? hourSeconds;
  return { outcome: "ask_again", dispute, reason, wait };
}
