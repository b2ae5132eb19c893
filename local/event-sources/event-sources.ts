import { randomUUID } from "node:crypto";
import type { AwsClients } from "../delivery/clients.ts";
import type { Delivery } from "../lambda/events/invocations.ts";
import type { LambdaService } from "../lambda/service.ts";
import type { Plan } from "../plan/plan.ts";
import { type Clock, systemClock } from "../stepfunctions/clock.ts";
import { lambdaInvoker } from "./invoker.ts";
import { type EventSourceMapping, eventSourceMappingsOf, type StreamMapping } from "./mapping.ts";
import { pause } from "./pause.ts";
import { QueuePoller } from "./queues/poller.ts";
import { Checkpoints } from "./streams/checkpoints.ts";
import { DataStream } from "./streams/data-stream.ts";
import { StreamPoller, type StreamPorts } from "./streams/poller.ts";
import { TableStream } from "./streams/table-stream.ts";

/** Invocations under way have this long to end when the local cloud stops. */
const drainMsMax = 3_000;

export interface EventSourcesOptions {
  readonly plan: Plan;
  readonly lambda: LambdaService;
  readonly clients: AwsClients;
  /** Brings the record of a failure to its destination. @throws when the target refuses. */
  readonly deliver: (delivery: Delivery) => Promise<void>;
  /** File of the positions on streams. They live as long as the process when there is none. */
  readonly checkpointsPath?: string;
  readonly clock?: Clock;
  /** Longest wait between looks at a stream that bring nothing, for whoever tells of each write by `wake`. */
  readonly idleMsMax?: number;
  readonly warn: (line: string) => void;
}

/** Lambda's event source mappings: what reads queues and streams and invokes functions with what it found. */
export class EventSources {
  readonly #options: EventSourcesOptions;
  readonly #ports: StreamPorts;
  readonly #checkpoints: Checkpoints;
  readonly #pollers: readonly (QueuePoller | StreamPoller)[];

  /** @throws Refusal when AWS would refuse a mapping of the plan, or the file of positions is damaged. */
  constructor(options: EventSourcesOptions) {
    const { plan, lambda, clock = systemClock, warn } = options;
    this.#options = options;
    this.#checkpoints = new Checkpoints(options.checkpointsPath);
    this.#ports = {
      clock,
      invoke: lambdaInvoker(lambda, randomUUID),
      tellFailure: (mapping, record) => tell(options, mapping, record),
      newId: randomUUID,
      idleMsMax: options.idleMsMax,
      warn,
    };
    const mappings = eventSourceMappingsOf(plan, lambda.functions);
    this.#pollers = mappings.map((mapping) => this.#pollerOf(mapping));
  }

  /** To be called once queues, tables and streams are there. */
  start(): void {
    for (const poller of this.#pollers) poller.start();
  }

  /** Lets pollers of such streams read at once instead of at their next look: something may have been written. */
  wake(kind: StreamMapping["kind"]): void {
    for (const poller of this.#pollers)
      if (poller instanceof StreamPoller && poller.kind === kind) poller.wake();
  }

  /**
   * Reads nothing more, gives the invocations under way `drainMsMax` to end, and keeps the positions. What ends later
   * is delivered again at the next start.
   */
  async stop(): Promise<void> {
    const ended = Promise.all(this.#pollers.map((poller) => poller.stop()));
    const impatience = new AbortController();
    await Promise.race([ended, pause(systemClock, drainMsMax, impatience.signal)]);
    impatience.abort();
    this.#checkpoints.close();
  }

  #pollerOf(mapping: EventSourceMapping): QueuePoller | StreamPoller {
    const { clients } = this.#options;
    const { sourceArn, definition } = mapping;
    const { roleArn } = definition;
    switch (mapping.kind) {
      case "queue":
        return new QueuePoller(mapping, clients.queues(roleArn), this.#ports);
      case "table_stream": {
        const source = new TableStream(clients.tableStreams(roleArn), sourceArn);
        return new StreamPoller(mapping, source, this.#checkpoints, this.#ports);
      }
      case "stream": {
        const source = new DataStream(clients.streams(roleArn), sourceArn, roleArn);
        return new StreamPoller(mapping, source, this.#checkpoints, this.#ports);
      }
    }
  }
}

/** Lambda sends the record once: a destination that refuses it loses it. */
async function tell(
  { deliver, warn }: EventSourcesOptions,
  mapping: StreamMapping,
  record: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { name, onFailure: targetArn, definition } = mapping;
  if (targetArn === undefined) {
    warn(`${name} gave up records, and has no on-failure destination: ${JSON.stringify(record)}`);
    return;
  }
  try {
    await deliver({ roleArn: definition.roleArn, targetArn, body: JSON.stringify(record) });
  } catch (thrown) {
    warn(`${name} cannot deliver to ${targetArn}: ${String(thrown)}`);
  }
}
