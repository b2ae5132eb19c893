import {
  type AcquirerOptions,
  type OperationRequest,
  type Reply,
  SandboxAcquirer,
} from "#local/acquirers/acquirer.ts";

/** Noon at the sandbox acquirers of the unit tests. */
export const acquirerStart = Date.UTC(2030, 5, 15);
export const approvingCard = "4242424242424242";

/** An acquirer whose clock the test moves. References are ref_1, ref_2, … */
export function sandboxAcquirer(options: Partial<AcquirerOptions> = {}) {
  let references = 0;
  const time = { now: acquirerStart };
  const acquirer = new SandboxAcquirer({
    name: "alpha",
    clock: () => time.now,
    newReference: () => `ref_${++references}`,
    digestKey: Buffer.from("a key of the tests"),
    rememberedMax: 1_000,
    ...options,
  });
  return { acquirer, time };
}

export const authorize = (key: string, number = approvingCard, amount = 1_000): OperationRequest => ({
  operation: "authorize",
  key,
  body: { merchant: "mer_demo", amount, currency: "EUR", card: { number, exp_month: 6, exp_year: 2030 } },
});
export const capture = (key: string, amount = 1_000, reference = "ref_1"): OperationRequest => ({
  operation: "capture",
  key,
  reference,
  amount,
});
export const refund = (key: string, amount = 1_000, reference = "ref_1"): OperationRequest => ({
  operation: "refund",
  key,
  reference,
  amount,
});
export const voiding = (key: string, reference = "ref_1"): OperationRequest => ({
  operation: "void",
  key,
  reference,
});
export const reversal = (key: string, keyOfOperation: string): OperationRequest => ({
  operation: "reversal",
  key,
  keyOfOperation,
});

/** `approved`, a decline code, or what is sent in place of an answer. */
export const wordOf = (reply: Reply): string =>
  reply.kind === "answer" ? (reply.operation.declineCode ?? reply.operation.result) : reply.kind;
