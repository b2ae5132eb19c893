import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import type { SagaPorts } from "#core/payments/ports.ts";
import { authorize } from "#core/payments/steps/authorize.ts";
import { compensate } from "#core/payments/steps/compensate.ts";
import { post } from "#core/payments/steps/post.ts";
import { review } from "#core/payments/steps/review.ts";
import { settle } from "#core/payments/steps/settle.ts";
import { task } from "#functions/tasks/task.ts";
import {
  authorizeInput,
  compensateInput,
  postInput,
  reviewInput,
  settleInput,
} from "#workflows/payment/contract.ts";
import { acquirerNames } from "./network.ts";

export const functionNames = ["authorize", "post", "settle", "compensate", "review"] as const;
export type FunctionName = (typeof functionNames)[number];

export type Handler = ReturnType<typeof task>;

/** Seconds, as stacks/functions.ts sets them. */
export const timeoutSeconds: Readonly<Record<FunctionName, number>> = {
  authorize: 12,
  post: 6,
  settle: 12,
  compensate: 12,
  review: 6,
};

const acquirers = JSON.stringify(
  acquirerNames.map((name, rank) => ({
    name,
    url: `https://${name}.acquirer.test`,
    currencies: ["USD", "JPY", "KWD"],
    cost_bp: 20 + rank,
  })),
);

/** A cold start: what functions/tasks/*.ts do when they load, with the simulated store and vault. */
export function loadFunction(
  name: FunctionName,
  dynamoDb: DynamoDBClient,
  cards: SagaPorts["cards"],
  /** Stands between a step and its ports: mutations change what comes through. */
  alter: (ports: SagaPorts, name: FunctionName) => SagaPorts,
): Handler {
  const ports = alter(
    {
      payments: new PaymentStore(dynamoDb, { payments: "payments", ledger: "ledger" }),
      cards,
      acquirers: createAcquirers(acquirers),
      now: Date.now,
    },
    name,
  );
  switch (name) {
    case "authorize":
      return task(authorizeInput, ({ payment }, deadline) => authorize(ports, payment, { deadline }));
    case "post":
      return task(postInput, ({ payment, authorization, execution }) =>
        post(ports, payment, authorization, { execution }),
      );
    case "settle":
      return task(settleInput, ({ payment, execution, attempt }, deadline) =>
        settle(ports, payment, { execution, deadline, attempt }),
      );
    case "compensate":
      return task(compensateInput, ({ execution, attempt, ...abort }, deadline) =>
        compensate(ports, abort, { execution, deadline, attempt }),
      );
    case "review":
      return task(reviewInput, (lost) => review(ports, lost));
  }
}
