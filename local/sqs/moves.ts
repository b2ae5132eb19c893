import { randomUUID } from "node:crypto";
import { SqsRefusal } from "./errors.ts";
import type { Queue } from "./queue.ts";
import type { Queues } from "./queues.ts";

/** AWS keeps the latest ten of a queue. */
const rememberedMax = 10;
const perSecondMax = 500;
const tickMs = 50;

interface Move {
  readonly handle: string;
  readonly source: Queue;
  readonly destination: string | undefined;
  readonly perSecond: number;
  readonly startedAt: number;
  readonly toMove: number;
  moved: number;
  state: "RUNNING" | "COMPLETED" | "CANCELLING" | "CANCELLED" | "FAILED";
  failure?: string;
}

/**
 * Message move tasks: what a dead-letter queue holds goes back to the queues that it came from, or to another one.
 * As on AWS a task moves what it finds, at most so many a second; one that a restart cut off is started again by hand.
 */
export class MoveTasks {
  readonly #queues: Queues;
  readonly #clock: () => number;
  readonly #moves: Move[] = [];
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(queues: Queues, clock: () => number) {
    this.#queues = queues;
    this.#clock = clock;
  }

  /** @returns the task's handle. @throws SqsRefusal when the source is no dead-letter queue, or moves already. */
  start(sourceArn: string, destinationArn: string | undefined, perSecond = perSecondMax): string {
    const source = this.#queueOf(sourceArn);
    const isGrave = this.#queues
      .all()
      .some(({ plan }) => plan.redrivePolicy?.deadLetterTargetArn === source.plan.arn);
    if (!isGrave) {
      throw new SqsRefusal(
        "InvalidParameterValue",
        "Source queue must be configured as a Dead Letter Queue.",
      );
    }
    if (destinationArn !== undefined) this.#queueOf(destinationArn);
    if (this.#moves.some((move) => move.source === source && move.state === "RUNNING")) {
      throw new SqsRefusal(
        "UnsupportedOperation",
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
      );
    }
    const move: Move = {
      handle: Buffer.from(JSON.stringify({ taskId: randomUUID(), sourceArn })).toString("base64"),
      source,
      destination: destinationArn,
      perSecond,
      startedAt: this.#clock(),
      toMove: source.counts().visible,
      moved: 0,
      state: "RUNNING",
    };
    this.#moves.unshift(move);
    this.#run(move);
    return move.handle;
  }

  /** The latest tasks of a queue, newest first, as the API tells them. */
  list(sourceArn: string, max: number): readonly Readonly<Record<string, unknown>>[] {
    const source = this.#queueOf(sourceArn);
    return this.#moves
      .filter((move) => move.source === source)
      .slice(0, Math.min(max, rememberedMax))
      .map((move) => ({
        ...(move.state === "RUNNING" && { TaskHandle: move.handle }),
        Status: move.state,
        SourceArn: sourceArn,
        ...(move.destination !== undefined && { DestinationArn: move.destination }),
        MaxNumberOfMessagesPerSecond: move.perSecond,
        ApproximateNumberOfMessagesMoved: move.moved,
        ApproximateNumberOfMessagesToMove: move.toMove,
        StartedTimestamp: move.startedAt,
        ...(move.failure !== undefined && { FailureReason: move.failure }),
      }));
  }

  /** @returns how many it had moved. @throws SqsRefusal when there is no such task, or it has ended. */
  cancel(handle: string): number {
    const move = this.#moves.find((candidate) => candidate.handle === handle);
    if (move?.state !== "RUNNING") {
      throw new SqsRefusal("ResourceNotFoundException", "The task does not exist or is not active.");
    }
    move.state = "CANCELLED";
    return move.moved;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #run(move: Move): void {
    const inThisTick = Math.max(1, Math.floor((move.perSecond * tickMs) / 1_000));
    for (let n = 0; n < inThisTick && move.state === "RUNNING"; n += 1) this.#moveOne(move);
    if (move.state !== "RUNNING") return;
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        this.#run(move);
      },
      Math.max(tickMs, 1_000 / move.perSecond),
    );
    this.#timers.add(timer);
  }

  #moveOne(move: Move): void {
    const taken = move.source.peek();
    if (taken === undefined || move.moved >= move.toMove) {
      move.state = "COMPLETED";
      return;
    }
    const target = move.destination ?? taken.deadFrom;
    const queue = target === undefined ? undefined : this.#queues.find(target);
    if (queue === undefined) {
      move.state = "FAILED";
      move.failure = "CouldNotDetermineMessageSource";
      return;
    }
    // There first: a kill between the two leaves it twice, and never not at all.
    const { deadFrom: _, ...alive } = taken;
    queue.adopt({ ...alive, receiveCount: 0 });
    move.source.drop(taken.id);
    move.moved += 1;
  }

  #queueOf(arn: string): Queue {
    const queue = this.#queues.find(arn);
    if (queue !== undefined) return queue;
    throw new SqsRefusal(
      "ResourceNotFoundException",
      "The resource that you specified for the SourceArn parameter doesn't exist.",
    );
  }
}
