import { Logger } from "@aws-lambda-powertools/logger";
import middy, { type MiddlewareObj } from "@middy/core";
import type { Context } from "aws-lambda";
import type { z } from "zod";

const logger = new Logger({ serviceName: "payment-saga" });

/**
 * A Lambda task of a saga: its input is read by the contract, and what it throws keeps the name that the state
 * machine's Retry and Catch know. Expected outcomes are returned, never thrown.
 */
export function task<Schema extends z.ZodType, Output>(
  input: Schema,
  act: (input: z.output<Schema>, remainingMs: () => number) => Promise<Output>,
) {
  return middy<unknown, Output>()
    .use(reported())
    .handler((event: unknown, context: Context) =>
      act(input.parse(event), () => context.getRemainingTimeInMillis()),
    );
}

/** Logs what a task throws: an Express saga keeps no history of its own. */
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
