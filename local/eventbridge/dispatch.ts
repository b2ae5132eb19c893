import type { Parcel, Sender } from "../delivery/courier.ts";
import { Backoff, pause } from "../event-sources/pause.ts";
import type { Clock } from "../stepfunctions/clock.ts";
import type { InputSettings } from "./input.ts";
import type { Target } from "./rule.ts";

const retryMsMin = 1_000;
const retryMsMax = 5 * 60_000;
/** What will not be otherwise the next time. EventBridge does not try again. */
const permanent = /AccessDenied|NotFound|NonExistentQueue|DoesNotExist|ValidationException/;

export interface DispatchPorts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** @throws when the target refuses. */
  readonly deliver: (parcel: Parcel) => Promise<void>;
  readonly warn: (line: string) => void;
}

/** What an event bus shows when the target is one. */
type BusEventHead = NonNullable<Parcel["busEvent"]>;

/** One event for one target. */
export interface Dispatch {
  readonly target: Omit<Target, keyof InputSettings>;
  /** JSON text. */
  readonly body: string;
  /** ARN of the rule, the schedule or the bucket. */
  readonly causeArn: string;
  /**
   * The service that brings it: for itself where the target has no role, and always to the dead-letter queue. Undefined
   * for EventBridge Scheduler, which does everything in its role's name.
   */
  readonly service?: string;
  readonly busEvent?: BusEventHead;
}

/**
 * Delivers an event, tries again as the target's retry policy says, and hands it to the dead-letter queue in the end.
 * @returns after the first try, with what goes on behind it. Never rejects.
 */
export async function dispatch(
  work: Dispatch,
  ports: DispatchPorts,
): Promise<{ readonly rest: Promise<void> }> {
  const failure = await attempt(work, ports);
  return { rest: failure === undefined ? Promise.resolve() : retry(work, failure, ports) };
}

async function attempt(work: Dispatch, { deliver }: DispatchPorts): Promise<Error | undefined> {
  const { target, body, busEvent } = work;
  try {
    await deliver({
      ...(target.roleArn === undefined ? serviceIn(work) : { roleArn: target.roleArn }),
      targetArn: target.arn,
      body,
      messageGroupId: target.messageGroupId,
      ...(busEvent !== undefined && { busEvent }),
    });
    return undefined;
  } catch (thrown) {
    return thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

async function retry(work: Dispatch, first: Error, ports: DispatchPorts): Promise<void> {
  const { clock, signal } = ports;
  const { target } = work;
  const expiresAtMs = clock.now() + target.ageSecondsMax * 1_000;
  const backoff = new Backoff(retryMsMin, retryMsMax);
  let failure: Error | undefined = first;
  let retries = 0;
  let exhausted = "MaximumRetryAttempts";
  while (failure !== undefined && !permanent.test(failure.name) && retries < target.retriesMax) {
    const waitMs = backoff.next();
    if (clock.now() + waitMs >= expiresAtMs) {
      exhausted = "MaximumEventAgeInSeconds";
      break;
    }
    await pause(clock, waitMs, signal);
    if (signal.aborted) return;
    retries += 1;
    failure = await attempt(work, ports);
  }
  if (failure !== undefined) await bury(work, failure, retries, exhausted, ports);
}

/** @throws Error when there is neither a role nor a service: nothing is brought by nobody. */
function serviceIn({ service, causeArn }: Dispatch): Sender {
  if (service === undefined) throw new Error(`${causeArn} has no role`);
  return { service, sourceArn: causeArn };
}

async function bury(
  work: Dispatch,
  failure: Error,
  retries: number,
  exhausted: string,
  { deliver, warn }: DispatchPorts,
): Promise<void> {
  const { target, body, causeArn, service } = work;
  if (target.deadLetter === undefined) {
    return warn(
      `${causeArn} lost an event for ${target.arn}, which has no dead-letter queue: ${String(failure)}`,
    );
  }
  const text = (value: string) => ({ type: "String" as const, value });
  const attributes = {
    RULE_ARN: text(causeArn),
    TARGET_ARN: text(target.arn),
    ERROR_CODE: text(failure.name),
    ERROR_MESSAGE: text(failure.message || failure.name),
    EXHAUSTED_RETRY_CONDITION: text(exhausted),
    RETRY_ATTEMPTS: { type: "Number" as const, value: String(retries) },
  };
  try {
    const { roleArn } = target;
    const sender = service === undefined && roleArn !== undefined ? { roleArn } : serviceIn(work);
    await deliver({ ...sender, targetArn: target.deadLetter, body, attributes });
  } catch (thrown) {
    warn(`${causeArn} cannot bury an event in ${target.deadLetter}: ${String(thrown)}`);
  }
}
