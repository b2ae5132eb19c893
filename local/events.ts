import { AwsClients } from "./delivery/clients.ts";
import { type BusEntry, Courier, type Parcel, type RefuseSender } from "./delivery/courier.ts";
import type { CredentialRegistry } from "./door/credentials.ts";
import type { Door } from "./door/door.ts";
import type { Engine } from "./door/engine.ts";
import { EventSources } from "./event-sources/event-sources.ts";
import { type DispatchPorts, dispatch } from "./eventbridge/dispatch.ts";
import { EventBridge } from "./eventbridge/service.ts";
import type { EventInvocationPorts } from "./lambda/events/invocations.ts";
import { fileEventStore } from "./lambda/events/store.ts";
import type { LambdaService } from "./lambda/service.ts";
import type { Plan } from "./plan/plan.ts";
import type { Tell } from "./s3/notifier.ts";
import { systemClock } from "./stepfunctions/clock.ts";

/**
 * Streams are looked at when the door has seen a write. What is written around it, by a tool that knows the emulator's
 * own address, waits for this; to look more often would keep a laptop busy that does nothing.
 */
const streamIdleMsMax = 10_000;

export interface EventsOptions {
  readonly plan: Plan;
  readonly door: Door;
  readonly credentials: CredentialRegistry;
  readonly refuse: RefuseSender;
  /** Where accepted events of functions, and positions on streams, survive restarts. */
  readonly paths: { readonly events: string; readonly checkpoints: string };
  readonly warn: (line: string) => void;
}

/** S3 does not say how long it tries: as EventBridge does, whose limits these are. */
const noticeRetriesMax = 185;
const noticeAgeSecondsMax = 86_400;

/** What moves events between the services: asynchronous invocations, event sources, EventBridge and its schedules. */
export interface Events {
  /** For the functions, which are made before the rest can be. */
  readonly invocationPorts: EventInvocationPorts;
  /** Names the functions. To be called once, before anything is delivered. */
  connect(lambda: LambdaService): RunningEvents;
}

export interface RunningEvents {
  readonly sources: EventSources;
  /** Tells queues, topics, functions and the event bus what happened in a bucket. */
  readonly tell: Tell;
  /** Puts what AWS itself announces on the default bus. Resolves when each target was tried once. */
  announce(
    change: Pick<BusEntry, "detailType" | "resources" | "source"> & { readonly detail: object },
  ): Promise<void>;
  /** To be called once every engine is up: goes on with what an earlier run left, and begins to read. */
  start(): void;
  /** To be called before the functions are stopped. What is not done with goes on at the next start. */
  stop(): Promise<void>;
}

/** Opens what survives; nothing moves before `start`. */
export function openEvents(options: EventsOptions, started: AsyncDisposableStack): Events {
  const { plan, door, paths, refuse, warn } = options;
  const clients = clientsThrough(options);
  started.defer(() => clients.stop());
  const store = fileEventStore(paths.events);
  started.defer(() => store.close());
  let courier: Courier | undefined;
  const deliver = (parcel: Parcel): Promise<void> => {
    if (courier === undefined) throw new Error("nothing is connected yet");
    return courier.deliver(parcel);
  };
  return {
    invocationPorts: { clock: systemClock, store, deliver, warn },
    connect: (lambda) => {
      const bridge = new EventBridge({ plan, clock: systemClock, deliver, warn });
      courier = new Courier({
        clients,
        refuse,
        invokeLater: (functionArn, payload) => void lambda.invokeLater(functionArn, payload),
        putEvent: (entry) => bridge.put(entry),
      });
      const sources = new EventSources({
        plan,
        lambda,
        clients,
        deliver,
        checkpointsPath: paths.checkpoints,
        idleMsMax: streamIdleMsMax,
        warn,
      });
      door.serve(bridge);
      const stopping = new AbortController();
      return {
        sources,
        tell: teller({ clock: systemClock, deliver, warn, signal: stopping.signal }),
        announce: (change) =>
          bridge.put({ ...change, detail: JSON.stringify(change.detail), busName: "default" }),
        start: () => {
          lambda.resumeEvents();
          sources.start();
          bridge.start();
        },
        stop: async () => {
          stopping.abort();
          await Promise.all([sources.stop(), bridge.stop()]);
        },
      };
    },
  };
}

function teller(ports: DispatchPorts): Tell {
  return async ({ targetArn, body, busEvent }, bucketArn) => {
    const target = {
      ...{ arn: targetArn, roleArn: undefined, deadLetter: undefined, messageGroupId: undefined },
      ...{ retriesMax: noticeRetriesMax, ageSecondsMax: noticeAgeSecondsMax },
    };
    const cause = { causeArn: bucketArn, service: "s3.amazonaws.com" };
    const { rest } = await dispatch({ target, body, ...cause, ...(busEvent && { busEvent }) }, ports);
    await rest;
    // It may have arrived, or wait for a retry: it is told again at the next start.
    ports.signal.throwIfAborted();
  };
}

const write = /^(Put|Update|Delete|BatchWrite|TransactWrite|Execute|BatchExecute)/;

/** An engine whose writes are heard of at once, so that nobody has to look often. */
export function telling(engine: Engine, written: () => void): Engine {
  return {
    service: engine.service,
    handle: async (call) => {
      const answer = await engine.handle(call);
      if (write.test(call.action)) written();
      return answer;
    },
  };
}

/** Clients that call through the door in the name of a role, or of the operator of this machine. */
function clientsThrough({ plan, door, credentials }: EventsOptions): AwsClients {
  const known = new Map<string | undefined, ReturnType<CredentialRegistry["issue"]>>();
  return new AwsClients({
    region: plan.region,
    endpointOf: () => door.url,
    credentialsOf: (roleArn) => {
      const key = known.get(roleArn) ?? credentials.issue(callerName(roleArn), roleArn, { isPoller: true });
      known.set(roleArn, key);
      return key;
    },
  });
}

const callerName = (roleArn: string | undefined): string =>
  roleArn === undefined ? "events" : `events of ${roleArn.split("/").at(-1)}`;
