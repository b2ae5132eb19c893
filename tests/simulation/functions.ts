import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { createAcquirers } from "#adapters/acquirers/acquirers.ts";
import { DisputeStore } from "#adapters/dynamodb/dispute-store.ts";
import type { Epoch } from "#adapters/dynamodb/fence.ts";
import { PaymentStore } from "#adapters/dynamodb/payment-store.ts";
import { RefundStore } from "#adapters/dynamodb/refund-store.ts";
import type { DisputePorts } from "#core/disputes/ports.ts";
import type { RefundPorts, SagaPorts } from "#core/payments/ports.ts";
import { authorize } from "#core/payments/steps/authorize.ts";
import { compensate } from "#core/payments/steps/compensate.ts";
import { giveBack } from "#core/payments/steps/give-back.ts";
import { holdRefund } from "#core/payments/steps/hold-refund.ts";
import { post } from "#core/payments/steps/post.ts";
import { resume } from "#core/payments/steps/resume.ts";
import { review } from "#core/payments/steps/review.ts";
import { reviewRefund } from "#core/payments/steps/review-refund.ts";
import { settle } from "#core/payments/steps/settle.ts";
import { transfer } from "#core/payments/steps/transfer.ts";
import { disputeTask } from "#functions/tasks/disputing.ts";
import { recoverTask } from "#functions/tasks/recovering.ts";
import { refundTask, task } from "#functions/tasks/task.ts";
import {
  authorizeInput,
  compensateInput,
  postInput,
  resumeInput,
  reviewInput,
  settleInput,
  transferInput,
} from "#workflows/payment/contract.ts";
import { giveBackInput, holdRefundInput, reviewRefundInput } from "#workflows/refund/contract.ts";
import { acquirerNames } from "./network.ts";

/** Seconds, as stacks/functions.ts sets them; functions have the names of their files. */
export const timeoutSeconds = {
  authorize: 12,
  resume: 12,
  transfer: 6,
  post: 6,
  settle: 12,
  compensate: 12,
  review: 6,
  "hold-refund": 6,
  "give-back": 12,
  "review-refund": 6,
  recover: 25,
  dispute: 25,
} as const;
export type FunctionName = keyof typeof timeoutSeconds;
export const functionNames = Object.keys(timeoutSeconds) as readonly FunctionName[];

type Task = ReturnType<typeof task | typeof refundTask | typeof recoverTask | typeof disputeTask>;
export type Handler = (...args: Parameters<Task>) => Promise<unknown>;

/** All that a task may hold of the world. */
export interface TaskPorts extends SagaPorts, RefundPorts, Pick<DisputePorts, "disputes" | "desks"> {
  readonly payments: SagaPorts["payments"] & Pick<PaymentStore, "get">;
}

const acquirers = JSON.stringify(
  acquirerNames.map((name, rank) => ({
    name,
    url: `https://${name}.acquirer.test`,
    currencies: ["USD", "JPY", "KWD"],
    cost_bp: 20 + rank,
  })),
);

/** The simulated acquirers send nobody anywhere. */
const returns: SagaPorts["returns"] = { urlFor: async ({ id }) => `https://api.test/return/${id}` };

/** A cold start: what functions/tasks/*.ts do when they load, with the simulated store and vault. */
export function loadFunction(
  name: FunctionName,
  dynamoDb: DynamoDBClient,
  cards: SagaPorts["cards"],
  /** Stands between a step and its ports: mutations change what comes through. */
  alter: (ports: TaskPorts, name: FunctionName) => TaskPorts,
  epoch: Epoch,
): Handler {
  const tables = { payments: "payments", ledger: "ledger" };
  const refunds = new RefundStore(dynamoDb, tables, epoch);
  const payments = new PaymentStore(dynamoDb, tables, epoch);
  const disputes = new DisputeStore(dynamoDb, tables, epoch);
  const clients = createAcquirers(acquirers);
  const ports = alter(
    { payments, refunds, disputes, cards, returns, acquirers: clients, desks: clients, now: Date.now },
    name,
  );
  switch (name) {
    case "authorize":
      return task(authorizeInput, ({ payment }, deadline) => authorize(ports, payment, { deadline }));
    case "resume":
      return task(resumeInput, ({ payment }, deadline) => resume(ports, payment, { deadline }));
    case "transfer":
      return task(transferInput, ({ payment, execution }) => transfer(ports, payment, { execution }));
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
    case "hold-refund":
      return refundTask(holdRefundInput, ({ execution, ...of }) => holdRefund(ports, of, { execution }));
    case "give-back":
      return refundTask(giveBackInput, ({ execution, attempt, ...of }, deadline) =>
        giveBack(ports, of, { execution, deadline, attempt }),
      );
    case "review-refund":
      return refundTask(reviewRefundInput, (lost) => reviewRefund(ports, lost));
    case "recover":
      return recoverTask({
        ...ports,
        refundOf: async ({ book, pendingOperation }) =>
          pendingOperation?.kind === "refund" ? refunds.get(book, pendingOperation.refund) : undefined,
      });
    case "dispute":
      return disputeTask(ports);
  }
}
