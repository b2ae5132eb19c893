import type { AcquirerOutcome, Inquiry } from "#core/acquiring/outcome.ts";
import type { Card } from "#core/acquiring/port.ts";
import type { Payment } from "#core/payments/payment.ts";
import type { Change, Committed, SagaPorts } from "#core/payments/ports.ts";
import { noon } from "./examples.ts";

/** Ports of the saga that answer what a test says, and remember what was asked of them. */
export interface ScriptedPorts extends SagaPorts {
  /** `alpha authorize`, `vault reveal`, `commit declined`: in order. */
  readonly asked: readonly string[];
  readonly changes: readonly Change[];
}

interface Script {
  /** By acquirer, in the order in which it is asked. Each answers every operation alike. */
  readonly acquirers?: Readonly<Record<string, AcquirerOutcome>>;
  /** What an inquiry brings, by acquirer. */
  readonly inquiries?: Readonly<Record<string, Inquiry>>;
  readonly reveal?: () => Promise<Card | undefined>;
  /** Default: everything is applied. */
  readonly commit?: (change: Change) => Committed;
  readonly now?: number;
}

const card: Card = { number: "4242424242424242", expMonth: 12, expYear: 2040 };

export function scriptedPorts({
  acquirers = {},
  inquiries = {},
  reveal = async () => card,
  commit,
  now = noon,
}: Script): ScriptedPorts {
  const asked: string[] = [];
  const changes: Change[] = [];
  const answer = (name: string, operation: string): Promise<AcquirerOutcome> => {
    asked.push(`${name} ${operation}`);
    return Promise.resolve(acquirers[name] ?? { kind: "not_attempted", reason: "not scripted" });
  };
  return {
    asked,
    changes,
    now: () => now,
    cards: {
      reveal: () => {
        asked.push("vault reveal");
        return reveal();
      },
    },
    acquirers: {
      route: () => Object.keys(acquirers),
      named: (name) => ({
        name,
        authorize: () => answer(name, "authorize"),
        capture: () => answer(name, "capture"),
        void: () => answer(name, "void"),
        refund: () => answer(name, "refund"),
        reverse: () => answer(name, "reversal"),
        inquire: async () => {
          asked.push(`${name} inquire`);
          return inquiries[name] ?? { kind: "unavailable", reason: "not scripted" };
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
  };
}

/** Somebody else moved the payment first. */
export const supersededBy = (current: Payment) => (): Committed => ({ kind: "superseded", current });
