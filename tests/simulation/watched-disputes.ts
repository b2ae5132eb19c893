import { marshall } from "@aws-sdk/util-dynamodb";
import { disputeKey } from "#adapters/dynamodb/keys.ts";
import { decode, type StoredItem, storedDispute } from "#adapters/dynamodb/stored.ts";
import { type Dispute, lossOf } from "#core/disputes/dispute.ts";
import { type DisputeId, disputeEntryIn, evidenceKeyOf } from "#core/disputes/ids.ts";
import { isOver } from "#core/disputes/states.ts";
import type { Account, AccountId, Book } from "#core/ledger/account.ts";
import { checkDisputeNotes, checkDisputeTransition } from "#core/proof/disputes.ts";
import { type Finding, found } from "#core/proof/finding.ts";
import type { DisputeNote } from "#core/proof/stored.ts";
import type { DisputeOutput } from "#workflows/dispute/contract.ts";
import type { World } from "./world.ts";

/** Disputes, as an observer sees them. */

/** One step of one of them. */
export function disputeWritten(
  { trace, observer }: World,
  before: StoredItem | undefined,
  after: StoredItem,
): Finding[] {
  const dispute = storedDispute(after);
  const from = before === undefined ? undefined : storedDispute(before);
  const was = from === undefined ? "nothing" : `${from.state} v${from.version}`;
  const loss = lossOf(dispute);
  const why = loss === undefined ? "" : `, ${loss}`;
  trace.note(
    dispute.payment,
    "disputes",
    `${dispute.id}: ${was} → ${dispute.state} v${dispute.version}${why}`,
  );
  return observer.isRestored(dispute.payment) ? [] : checkDisputeTransition(from, dispute);
}

/** A look that says that a dispute has its end has seen it in the table: its saga goes away. */
export function lookedFindings(
  { tables }: World,
  payment: string,
  { outcome, book, dispute }: DisputeOutput,
): Finding[] {
  if (outcome !== "concluded") return [];
  const item = tables.get("payments", marshall(disputeKey(book as Book, dispute as DisputeId)));
  const state = item === undefined ? "nothing" : storedDispute(item).state;
  return state !== "nothing" && isOver(state)
    ? []
    : [found("told", payment, `${dispute} is said to be concluded, and is ${state}`)];
}

/** Each is found from its payment. */
export function checkNotes({ tables, observer }: World, disputes: readonly Dispute[]): Finding[] {
  if (disputes.length === 0) return [];
  const notes: DisputeNote[] = [];
  for (const item of tables.items("payments")) {
    const decoded = decode(item);
    if (decoded.kind === "dispute_note" && !observer.isRestored(decoded.note.payment))
      notes.push(decoded.note);
  }
  return checkDisputeNotes(disputes, notes);
}

/** What is said of the entry of a dispute that a restore has taken back: the journal is ahead of it. */
export function isOfRestored({ observer }: World, { subject }: Finding): boolean {
  const entry = disputeEntryIn(subject);
  return entry !== undefined && observer.isRestored(entry.payment);
}

/** An account of what is available is opened by whoever needs it first, with nothing in it. */
export const isOpening = (item: StoredItem): boolean =>
  item["version"] === undefined && item["currency"] !== undefined;

const available: Pick<Account, "minAvailable"> = { minAvailable: 0n };
export const limitsOfSystem = (account: AccountId): Pick<Account, "minAvailable"> | undefined =>
  account.split(":")[1] === "2110" ? available : undefined;

/** When everything is over: what acquirers told of is here, and ended as it did there. */
export function checkDisputesAtRest(world: World, disputes: readonly Dispute[]): Finding[] {
  const stored = new Map<string, Dispute>(disputes.map((dispute) => [dispute.id, dispute]));
  return [...world.disputes.all]
    .filter(([, { payment }]) => !world.observer.isRestored(payment.id))
    .flatMap(([id, { acquirer, reference, payment, told }]) => {
      const there = world.network.acquirer(acquirer).disputes.get(reference);
      return there === undefined
        ? [found("agreement", payment.id, `${acquirer} has forgotten ${reference}`)]
        : checkDisputeAtRest({ there, isTold: told > 0 }, stored.get(id)).map((what) =>
            found(what.startsWith("it is over") ? "liveness" : "agreement", payment.id, what),
          );
    });
}

/** A dispute as its acquirer has it. */
export interface DisputeThere {
  readonly amount: number;
  readonly outcome?: "won" | "lost";
  /** The keys of what it has. */
  readonly evidence: readonly string[];
}

/**
 * A merchant that gave in, or said nothing, has lost here, whatever an acquirer makes of it then.
 * @returns what is wrong with it
 */
export function checkDisputeAtRest(
  { there, isTold }: { readonly there: DisputeThere; readonly isTold: boolean },
  dispute: Dispute | undefined,
): string[] {
  if (dispute === undefined) return isTold ? ["it is over, and a dispute that was told is not there"] : [];
  const { id, payment, state, total, evidence } = dispute;
  if (!isOver(state)) return [`it is over, and ${id} is ${state}`];
  const isOurs = ["accepted", "no_evidence"].includes(lossOf(dispute) ?? "");
  const own = evidence === undefined ? [] : [evidenceKeyOf(payment, id)];
  return [
    ...(isOurs || state === there.outcome ? [] : [`${id} is ${state}, there ${there.outcome ?? "open"}`]),
    ...(Number(total.amount) === there.amount ? [] : [`${id} is of ${total.amount}, there ${there.amount}`]),
    ...(there.evidence.every((key, index) => key === own[index])
      ? []
      : [`${id} has evidence there as ${there.evidence.join(", ")}`]),
  ];
}
