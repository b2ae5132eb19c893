import type { AwsAnswer, AwsCall } from "./engine.ts";
import { conflictAnswer, refusalAnswer, throttleAnswer } from "./fault-answers.ts";

/** What goes wrong with a call. */
export type Fault =
  /** The engine executes the call, and the socket closes without an answer. */
  | { readonly kind: "lose_reply" }
  /** The socket closes before the engine sees the call. */
  | { readonly kind: "close" }
  /** The engine sees the call so much later, also when its caller has given up by then. */
  | { readonly kind: "delay"; readonly ms: number }
  /** The engine executes the call twice, one after the other; the caller gets the first answer. */
  | { readonly kind: "duplicate" }
  /** The service's own error for too many calls. */
  | { readonly kind: "throttle" }
  /**
   * Another transaction holds the item (DynamoDB). `reasons` are the cancellation codes of a transaction's parts, in
   * their order; the first part meets the conflict when they are left out.
   */
  | { readonly kind: "conflict"; readonly reasons?: readonly string[] }
  /** Any other error: `AccessDeniedException`, `InternalServerError`, `ServiceUnavailable`, … */
  | {
      readonly kind: "refuse";
      readonly error: string;
      readonly message?: string;
      /** 400 when left out. SDKs take 5xx for the service's own fault, and try again. */
      readonly statusCode?: number;
    };

/** Which calls a fault hits. What is left out matches every call. */
export interface FaultRule {
  /** Signing name: `dynamodb`, `kms`, `states`, `lambda`, … */
  readonly service?: string;
  readonly action?: string;
  /** A function's name for people, as the call log has it: `PostTask`. */
  readonly caller?: string;
  /** Matching calls that pass before the first is hit. 0 when left out. */
  readonly skip?: number;
  /** Calls that are hit. 1 when left out. */
  readonly count?: number;
  readonly fault: Fault;
}

/** A rule at work. */
export interface InjectedFault {
  /** Calls that it has hit so far. */
  readonly hits: number;
  remove(): void;
}

interface ActiveRule extends FaultRule {
  seen: number;
  hits: number;
}

/** A test that forgot to clear is told before it slows down every call. */
const rulesMax = 100;
const delayMsMax = 300_000;

/** The faults that tests put between functions and AWS. Of the rules that match a call, the oldest hits it. */
export class Faults {
  readonly #rules = new Set<ActiveRule>();

  /** @throws RangeError for a delay beyond five minutes, and for more than 100 rules. */
  inject(rule: FaultRule): InjectedFault {
    if (rule.fault.kind === "delay" && !(rule.fault.ms >= 0 && rule.fault.ms <= delayMsMax)) {
      throw new RangeError(`a delay is 0 to ${delayMsMax} ms, not ${rule.fault.ms}`);
    }
    if (this.#rules.size >= rulesMax) throw new RangeError(`more than ${rulesMax} faults are injected`);
    const active: ActiveRule = { ...rule, seen: 0, hits: 0 };
    this.#rules.add(active);
    return {
      get hits() {
        return active.hits;
      },
      remove: () => {
        this.#rules.delete(active);
      },
    };
  }

  clear(): void {
    this.#rules.clear();
  }

  /** What happens to this call. Asked once for each call: asking counts it. */
  next(call: Pick<AwsCall, "service" | "action" | "caller">): Fault | undefined {
    for (const rule of this.#rules) {
      if (!matches(rule, call)) continue;
      rule.seen += 1;
      const { skip = 0, count = 1 } = rule;
      if (rule.seen <= skip || rule.hits >= count) continue;
      rule.hits += 1;
      return rule.fault;
    }
    return undefined;
  }
}

function matches(
  rule: FaultRule,
  { service, action, caller }: Pick<AwsCall, "service" | "action" | "caller">,
) {
  return (
    (rule.service === undefined || rule.service === service) &&
    (rule.action === undefined || rule.action === action) &&
    (rule.caller === undefined || rule.caller === caller.name)
  );
}

/** The answer in the engine's place, of faults that are one. */
export function answerOf(fault: Fault, call: AwsCall): AwsAnswer | undefined {
  switch (fault.kind) {
    case "throttle":
      return throttleAnswer(call);
    case "conflict":
      return conflictAnswer(call, fault.reasons);
    case "refuse":
      return refusalAnswer(call, fault.error, fault.message ?? "Injected by a fault plan.", fault.statusCode);
    case "lose_reply":
    case "close":
    case "delay":
    case "duplicate":
      return undefined;
  }
}
