import { randomUUID } from "node:crypto";
import type { KinesisClient } from "@aws-sdk/client-kinesis";
import { Backoff, pause } from "../event-sources/pause.ts";
import type { Clock } from "../stepfunctions/clock.ts";
import type { DeliveryPlan } from "./delivery-plan.ts";
import { type Arrived, type Formed, formed } from "./forms.ts";
import { type Naming, objectKeyOf } from "./object-name.ts";
import { Positions } from "./positions.ts";
import { StreamReader } from "./stream-reader.ts";
import type { Uploader } from "./uploader.ts";
import { Waiting } from "./waiting.ts";

/**
 * Five times as long as Firehose waits: a shard gives five reads a second to all its readers, and nothing here is in the
 * hurry that they are in.
 */
const lookEveryMs = 5_000;
/** Whoever waits for a delivery reads on sooner. */
const hurriedLookMs = 250;
const errorMsMin = 1_000;
const errorMsMax = 30_000;
/** A stream that is written to all the while has an end, for whoever waits for it. */
const hurriedLooksMax = 1_000;

export interface DeliveryPorts {
  readonly clock: Clock;
  /** As the role that reads. */
  readonly kinesis: KinesisClient;
  /** As the role that writes. */
  readonly uploader: Pick<Uploader, "put">;
  /** Where it keeps its place. */
  readonly positionsPath: string;
  /** Longest wait between looks that bring nothing, in milliseconds: writes that the door sees wake it. */
  readonly idleMsMax: number;
  readonly warn: (line: string) => void;
}

/** What a delivery has brought since it was asked. */
export interface Delivered {
  readonly name: string;
  /** That are in objects, and that are put aside. */
  readonly records: number;
  readonly aside: number;
  /** `bucket/key` of each. */
  readonly objects: readonly string[];
}

/**
 * One delivery stream of Firehose: reads a stream of Kinesis in its role's name, gathers, and writes objects. It keeps
 * its place after an object is there: a record is delivered at least once, whenever the process ends.
 */
export class Delivery {
  readonly #plan: DeliveryPlan;
  readonly #ports: DeliveryPorts;
  readonly #reader: StreamReader;
  readonly #positions: Positions;
  readonly #waiting: Waiting;
  readonly #stopping = new AbortController();
  #sleeper = new AbortController();
  /** Epoch milliseconds before which the stream is not looked at, unless somebody waits for it. */
  #lookAt = 0;
  /** Looks and deliveries go one at a time, whoever asks for them. */
  #turn: Promise<unknown> = Promise.resolve();
  #running: Promise<void> | undefined;

  /** @throws Refusal when its file is damaged. */
  constructor(plan: DeliveryPlan, ports: DeliveryPorts) {
    this.#plan = plan;
    this.#ports = ports;
    this.#positions = new Positions(ports.positionsPath);
    this.#waiting = new Waiting(plan);
    const now = (): number => ports.clock.now();
    this.#reader = new StreamReader(ports.kinesis, plan.streamArn, this.#positions, now);
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Something may have been written. */
  wake(): void {
    this.#sleeper.abort();
  }

  /**
   * Delivers what the stream has by now, and does not wait for more.
   * @throws Error when it cannot be read or written. What was read is kept, and tried again.
   */
  flush(): Promise<Delivered> {
    return this.#inTurn(async () => {
      const rounds: Delivered[] = [];
      for (let looks = 0; looks < hurriedLooksMax; looks += 1) {
        const isBehind = await this.#look();
        if (this.#waiting.isFull || !isBehind) rounds.push(await this.#deliver());
        if (!isBehind || this.#stopping.signal.aborted) break;
        await pause(this.#ports.clock, hurriedLookMs, this.#stopping.signal);
      }
      return {
        name: this.#plan.name,
        records: rounds.reduce((sum, { records }) => sum + records, 0),
        aside: rounds.reduce((sum, { aside }) => sum + aside, 0),
        objects: rounds.flatMap(({ objects }) => objects),
      };
    });
  }

  /** Keeps its place: what is read and not delivered is read again by the next run. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#running;
    await this.#turn.catch(() => undefined);
  }

  async #run(): Promise<void> {
    const { clock, warn } = this.#ports;
    const { signal } = this.#stopping;
    const failing = new Backoff(errorMsMin, errorMsMax);
    let isBehind = false;
    while (!signal.aborted) {
      await this.#rest(isBehind);
      if (signal.aborted) return;
      try {
        isBehind = await this.#inTurn(() => this.#round());
        failing.reset();
      } catch (thrown) {
        if (signal.aborted) return;
        warn(`${this.#plan.name} delivers nothing for now, and loses nothing: ${String(thrown)}`);
        await pause(clock, failing.next(), signal);
      }
    }
  }

  async #round(): Promise<boolean> {
    const { clock } = this.#ports;
    // What could not be delivered comes first: no more is held than one object takes.
    if (this.#waiting.dueIn(clock.now()) === 0) await this.#deliver();
    if (clock.now() < this.#lookAt) return true;
    const isBehind = await this.#look();
    if (this.#waiting.dueIn(clock.now()) === 0) await this.#deliver();
    return isBehind;
  }

  /**
   * Until there is something to do: what is gathered is due, or it may be looked again and something was written. Whoever
   * is woken by each write must not turn each write into a read.
   */
  async #rest(isBehind: boolean): Promise<void> {
    const { clock, idleMsMax } = this.#ports;
    const now = clock.now();
    const dueMs = this.#waiting.dueIn(now) ?? Number.POSITIVE_INFINITY;
    const lookMs = Math.max(0, this.#lookAt - now);
    await pause(clock, Math.min(dueMs, lookMs), this.#stopping.signal);
    if (dueMs > lookMs && !isBehind)
      await pause(clock, Math.min(dueMs - lookMs, idleMsMax), this.#sleeper.signal);
    this.#sleeper = new AbortController();
  }

  async #look(): Promise<boolean> {
    this.#lookAt = this.#ports.clock.now() + lookEveryMs;
    const { records, isBehind } = await this.#reader.look();
    this.#waiting.add(records, this.#ports.clock.now());
    return isBehind;
  }

  async #deliver(): Promise<Delivered> {
    const { records } = this.#waiting;
    const { name } = this.#plan;
    if (records.length === 0) return { name, records: 0, aside: 0, objects: [] };
    const made = await formed(records, this.#plan, this.#ports.clock.now());
    const objects = await this.#write(made);
    this.#positions.keep(records);
    this.#waiting.clear();
    const { aside, asideBody } = made;
    if (asideBody !== undefined)
      this.#ports.warn(
        `${name} put ${aside.length} of ${records.length} records aside, with the reason of each: ${objects.at(-1)}`,
      );
    return { name, records: made.fitting.length, aside: aside.length, objects };
  }

  async #write({ object, fitting, aside, asideBody }: Formed): Promise<readonly string[]> {
    const { name: deliveryName, prefix, errorPrefix, extension } = this.#plan;
    const written: string[] = [];
    if (object !== undefined) {
      const naming = { deliveryName, prefix, extension };
      written.push(await this.#put(naming, fitting, object.body, object.encoding));
    }
    if (asideBody !== undefined) {
      const errorType = "format-conversion-failed" as const;
      const naming = { deliveryName, prefix: errorPrefix, extension: "", errorType };
      written.push(await this.#put(naming, aside, asideBody));
    }
    return written;
  }

  async #put(naming: Naming, records: readonly Arrived[], body: Buffer, encoding?: string): Promise<string> {
    const oldest = records.reduce((least, { at }) => Math.min(least, at), Number.POSITIVE_INFINITY);
    const key = objectKeyOf(naming, new Date(oldest), randomUUID());
    await this.#ports.uploader.put(this.#plan.bucket, key, body, encoding);
    return `${this.#plan.bucket}/${key}`;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work, work);
    this.#turn = done;
    // Whoever asked hears of a failure.
    done.catch(() => undefined);
    return done;
  }
}
