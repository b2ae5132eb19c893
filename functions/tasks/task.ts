import { Logger } from "@aws-lambda-powertools/logger";
import middy, { type MiddlewareObj } from "@middy/core";
import type { Context } from "aws-lambda";
import type { z } from "zod";
import { authorizationRecord, toRecord } from "#core/payments/record.ts";
import { toRefundRecord } from "#core/payments/refund-record.ts";
import type { RefundStepResult, StepResult } from "#core/payments/steps/step.ts";
import type { StepOutput } from "#workflows/payment/contract.ts";
import type { RefundStepOutput } from "#workflows/refund/contract.ts";

const logger = new Logger({ serviceName: "payment-saga" });

/** The longest that a step waits for an acquirer. */
const askMsMax = 10_000;
/** Left for the writes that follow the acquirer's answer. */
const writeReserveMs = 2_000;

/**
 * A Lambda task of a saga. Its input is read by the contract, its result is written as the contract's output, and what
 * it throws keeps the name that the state machine's Retry and Catch know.
 */
export function taskOf<Schema extends z.ZodType, Result, Output>(
  input: Schema,
  step: (input: z.output<Schema>, deadline: number) => Promise<Result>,
  outputOf: (result: Result) => Output,
) {
  // middy would answer for a step that still runs, by a name that no Retry knows, and let it run on in an environment
  // that thaws later. Lambda ends both at once.
  return middy<unknown, Output>({ timeoutEarlyInMillis: 0 })
    .use(reported<Output>())
    .handler(async (event: unknown, context: Context) => {
      const waitMs = Math.min(askMsMax, context.getRemainingTimeInMillis() - writeReserveMs);
      return outputOf(await step(input.parse(event), Date.now() + Math.max(0, waitMs)));
    });
}

/** A task of the payment saga. */
export const task = <Schema extends z.ZodType>(
  input: Schema,
  /** `deadline`: epoch milliseconds, when to stop waiting for an acquirer. */
  step: (input: z.output<Schema>, deadline: number) => Promise<StepResult>,
) => taskOf(input, step, outputOf);

/** A task of the refund saga. */
export const refundTask = <Schema extends z.ZodType>(
  input: Schema,
  /** `deadline`: epoch milliseconds, when to stop waiting for an acquirer. */
  step: (input: z.output<Schema>, deadline: number) => Promise<RefundStepResult>,
) => taskOf(input, step, refundOutputOf);

function outputOf(result: StepResult): StepOutput {
  const payment = toRecord(result.payment);
  switch (result.outcome) {
    case "approved":
      return { outcome: result.outcome, payment, authorization: authorizationRecord(result.authorization) };
    case "refused":
      return {
        outcome: result.outcome,
        payment,
        authorization: authorizationRecord(result.authorization),
        reason: result.reason,
      };
    case "overdue":
      return { outcome: result.outcome, payment, reason: result.reason };
    default:
      return { outcome: result.outcome, payment };
  }
}

const refundOutputOf = ({ outcome, payment, refund }: RefundStepResult): RefundStepOutput => ({
  outcome,
  payment: toRecord(payment),
  refund: toRefundRecord(refund),
});

/** Logs what a step throws: an Express saga keeps no history of its own. */
function reported<Output>(): MiddlewareObj<unknown, Output> {
  return {
    onError: ({ event, error }) => {
      logger.error("a step failed", { payment: paymentIdIn(event), error: error as Error });
    },
  };
}

function paymentIdIn(event: unknown): string | undefined {
  const { payment } = event as { payment?: { id?: string } };
  return payment?.id;
}
