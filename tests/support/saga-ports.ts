import type { AcquirerOutcome, Inquiry } from "#core/acquiring/outcome.ts";
import type { Card } from "#core/acquiring/port.ts";
import type { Payment } from "#core/payments/payment.ts";
import type {
  Change,
  Committed,
  RefundChange,
  RefundCommitted,
  RefundPorts,
  SagaPorts,
} from "#core/payments/ports.ts";
import { noon } from "./examples.ts";

/** Ports of the saga that answer what a test says, and remember what was asked of them. */
export interface ScriptedPorts extends SagaPorts, RefundPorts {
  /** `alpha authorize`, `vault reveal`, `commit declined`: in order. */
  readonly asked: readonly string[];
  /** What acquirers were asked to do, with the money and the key of it. */
  readonly sent: readonly Sent[];
  readonly changes: readonly Change[];
  readonly refundChanges: readonly RefundChange[];
}

interface Script {
  /** By acquirer, in the order in which it is asked. Each answers every operation alike. */
  readonly acquirers?: Readonly<Record<string, AcquirerOutcome>>;
  /** What an inquiry brings, by acquirer; or by the operation, which the key names. */
  readonly inquiries?: Readonly<Record<string, Inquiry | Readonly<Record<string, Inquiry>>>>;
  readonly reveal?: () => Promise<Card | undefined>;
  /** Default: everything is applied. */
  readonly commit?: (change: Change) => Committed;
  /** What stands in the way of a refund's change. Default: everything is applied. */
  readonly commitRefund?: (change: RefundChange, of: Payment) => RefundCommitted | undefined;
  readonly now?: number;
}

interface Asked {
  readonly amount: bigint;
  readonly key: string;
  readonly returnUrl?: string;
}

interface Sent extends Asked {
  readonly to: string;
  readonly operation: string;
}

const card: Card = { number: "4242424242424242", expMonth: 12, expYear: 2040 };

export function scriptedPorts({
  acquirers = {},
  inquiries = {},
  reveal = async () => card,
  commit,
  commitRefund,
  now = noon,
}: Script): ScriptedPorts {
  const asked: string[] = [];
  const changes: Change[] = [];
  const refundChanges: RefundChange[] = [];
  const sent: Sent[] = [];
  const answer = (name: string, operation: string, request: Asked): Promise<AcquirerOutcome> => {
    asked.push(`${name} ${operation}`);
    const { amount, key, returnUrl } = request;
    sent.push({ to: name, operation, amount, key, ...(returnUrl === undefined ? {} : { returnUrl }) });
    return Promise.resolve(acquirers[name] ?? { kind: "not_attempted", reason: "not scripted" });
  };
  return {
    asked,
    sent,
    changes,
    refundChanges,
    now: () => now,
    cards: {
      reveal: () => {
        asked.push("vault reveal");
        return reveal();
      },
    },
    returns: { urlFor: async ({ id }) => `https://api.test/return/${id}` },
    acquirers: {
      route: () => Object.keys(acquirers),
      names: Object.keys(acquirers),
      named: (name) => ({
        name,
        authorize: (request) => answer(name, "authorize", request),
        capture: (request) => answer(name, "capture", request),
        void: (request) => answer(name, "void", request),
        refund: (request) => answer(name, "refund", request),
        reverse: (request) => answer(name, "reversal", request),
        inquire: async ({ key }) => {
          asked.push(`${name} inquire`);
          const scripted = inquiries[name] ?? {};
          const inquiry = isInquiry(scripted) ? scripted : scripted[key.split(":")[1] ?? ""];
          return inquiry ?? { kind: "unavailable", reason: "not scripted" };
        },
      }),
    },
    payments: {
      commit: async (change) => {
        asked.push(`commit ${change.after.state}`);
        changes.push(change);
        return commit?.(change) ?? { kind: "applied", payment: change.after };
      },
    },
    refunds: {
      commitRefund: async (of, change) => {
        const { payment, refund } = change;
        asked.push(`commit ${refund.after.state}`);
        refundChanges.push(change);
        const applied = { kind: "applied", payment: payment?.after ?? of, refund: refund.after } as const;
        return commitRefund?.(change, of) ?? applied;
      },
    },
  };
}

const isInquiry = (scripted: Inquiry | Readonly<Record<string, Inquiry>>): scripted is Inquiry =>
  typeof scripted["kind"] === "string";

/** Somebody else moved the payment first. */
export const supersededBy = (current: Payment) => (): Committed => ({ kind: "superseded", current });
