import type { Acquirer } from "../../acquiring/port.ts";
import { absurd, invariant } from "../../kernel/invariant.ts";
import { resolutionRecord } from "../../ledger/journal.ts";
import { checkCapture } from "../decide.ts";
import { evolve } from "../evolve.ts";
import { operationKey, reversalKey } from "../ids.ts";
import { amountToCapture, openWordOf } from "../operator-word.ts";
import { type Authorization, heldAuthorizationOf, type Payment } from "../payment.ts";
import type { SagaPorts } from "../ports.ts";
import { captureResolution, type Recorder } from "../postings.ts";
import { AcquirerUnavailable, attempted, findOut } from "./ask.ts";
import { putInReview, reasonOf } from "./record.ts";
import { type AskingRun, concluded, type Refused, type SettleResult } from "./step.ts";

type SettlePorts = Pick<SagaPorts, "payments" | "acquirers" | "now">;
interface Capture {
  readonly payment: Payment;
  readonly authorization: Authorization;
  /** Minor units. */
  readonly amount: bigint;
}

/**
 * The commit phase: the acquirer captures what it holds, and the hold in the ledger becomes the merchant's money.
 * A payment in review is captured where its hold stands: it may have been asked for, whatever `attempt` says.
 * @throws AcquirerUnavailable when the acquirer certainly did not capture, or does not say whether it did.
 */
export async function settle(
  ports: SettlePorts,
  payment: Payment,
  { execution, deadline, attempt }: AskingRun,
): Promise<SettleResult> {
  const capture = captureOf(payment);
  if (capture === undefined) return concluded(payment);
  const { authorization, amount } = capture;
  const askedAt = ports.now();
  const checked = checkCapture(payment, amount, askedAt);
  // An earlier attempt may have captured in time: then only the acquirer can say so, under the same key.
  const neverAsked = attempt === 0 && payment.state === "authorized";
  const acquirer = ports.acquirers.named(authorization.acquirer);
  const key = operationKey(payment.id, "capture");
  const { reference } = authorization;
  const isSaid = openWordOf(payment)?.as === "captured";
  const word = isSaid ? ({ kind: "approved", reference } as const) : undefined;
  const earlier = neverAsked ? undefined : await findOut(acquirer, { key, deadline, word });
  if (earlier === undefined && !checked.ok) {
    if (!neverAsked) await close(acquirer, capture, deadline);
    return refused(capture, checked.error.code);
  }

  const { currency } = payment.total;
  const outcome =
    earlier ?? attempted(await acquirer.capture({ key, reference, amount, currency, deadline }));
  switch (outcome.kind) {
    case "approved":
      return book(ports, capture, { now: askedAt, execution });
    case "declined":
      return refused(capture, outcome.code);
    case "pending":
    case "unknown":
      return concluded(
        await putInReview(ports, payment, {
          operation: "capture",
          acquirer: authorization.acquirer,
          reason: reasonOf(outcome),
        }),
      );
    default:
      return absurd(outcome);
  }
}

/**
 * Nobody knows of the capture, and it is too late to ask for it again; but an earlier request may still arrive. Once the
 * acquirer has acknowledged the reversal, it never will.
 * @throws AcquirerUnavailable while it has not
 */
async function close(acquirer: Acquirer, { payment, amount }: Capture, deadline: number): Promise<void> {
  const outcome = await acquirer.reverse({
    key: reversalKey(payment.id, "capture"),
    operationKey: operationKey(payment.id, "capture"),
    amount,
    currency: payment.total.currency,
    deadline,
  });
  // Declined: it was executed after all, and is found by the next inquiry.
  if (outcome.kind !== "approved") throw new AcquirerUnavailable(reasonOf(outcome));
}

function captureOf(payment: Payment): Capture | undefined {
  const authorization = heldAuthorizationOf(payment);
  if (authorization === undefined) return undefined;
  const amount = amountToCapture(payment);
  return amount === undefined ? undefined : { payment, authorization, amount };
}

/** What the acquirer has captured, it was asked for in time: its hold had not ended, however late that is found out. */
async function book(
  { payments }: SettlePorts,
  { payment, authorization, amount }: Capture,
  recorder: Recorder,
): Promise<SettleResult> {
  const inTime = Math.min(recorder.now, authorization.expiresAt - 1);
  const resolution = captureResolution(payment, authorization, amount, { ...recorder, now: inTime });
  // The acquirer has taken the money: a ledger that would not book it is broken, and a person must look.
  invariant(resolution.ok, `the capture of ${payment.id} can be posted`);
  const committed = await payments.commit({
    before: payment,
    after: evolve(payment, { type: "captured", authorization, amount }, recorder.now),
    journal: resolutionRecord(resolution.value),
  });
  invariant(committed.kind !== "refused", `no guarded account stands in the capture of ${payment.id}`);
  if (committed.kind === "superseded") return concluded(committed.current);
  return { outcome: "captured", payment: committed.payment };
}

const refused = ({ payment, authorization }: Capture, reason: string): Refused => ({
  outcome: "refused",
  payment,
  authorization,
  reason,
});
