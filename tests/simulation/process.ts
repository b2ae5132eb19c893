import type { Exchange, Message, Question } from "#adapters/acquirers/channel.ts";
import type { CancelTimer } from "#local/stepfunctions/clock.ts";
import type { FaultKind } from "./faults.ts";
import { inside, runInside, type Surroundings } from "./surroundings.ts";
import type { World } from "./world.ts";

/** Whom a process works for. */
export interface Errand {
  /** The payment's id. */
  readonly subject: string;
  readonly book: string;
  /** Counts a state's retries, from 0. */
  readonly attempt?: number;
}

const stallsMs = [200, 3_000, 15_000, 60_000] as const;
const never = new Promise<never>(() => undefined);

/** One invocation in its environment, from its first port call to its last: it may be slow, and it may die. */
export class Process implements Surroundings {
  readonly name: string;
  readonly errand: Errand;
  /** What went wrong around it. */
  readonly struck: FaultKind[] = [];
  /** Other transactions that were in its way. */
  conflicts = 0;
  /** When DynamoDB looked at the request whose answer it got last. */
  servedAt = 0;
  readonly #world: World;
  readonly #skewMs: number;
  readonly #onDeath: () => void;
  #isDead = false;

  constructor(world: World, name: string, skewMs: number, errand: Errand, onDeath: () => void) {
    this.#world = world;
    this.name = name;
    this.errand = errand;
    this.#skewMs = skewMs;
    this.#onDeath = onDeath;
  }

  /** The process that the caller runs in. @throws Error outside of any. */
  static current(): Process {
    const process = inside();
    if (process instanceof Process) return process;
    throw new Error("a port was called outside of any process");
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  run<T>(work: () => T): T {
    return runInside(this, work);
  }

  note(what: string): void {
    this.#world.trace.note(this.errand.subject, this.name, what);
  }

  /** Whether this kind of fault strikes this process here and now. */
  strikes(kind: FaultKind): boolean {
    const strikes = this.#world.faults.strikes(kind);
    if (strikes) this.struck.push(kind);
    return strikes;
  }

  firstOf<Kind extends FaultKind>(...kinds: readonly Kind[]): Kind | undefined {
    return kinds.find((kind) => this.strikes(kind));
  }

  /** A call of a port: the process may die or stand still before it, and after it before it learns of its end. */
  async call<T>(port: string, work: () => Promise<T>): Promise<T> {
    await this.#passes(`before ${port}`);
    try {
      return await work();
    } finally {
      await this.#passes(`after ${port}`);
    }
  }

  die(where: string): void {
    if (this.#isDead) return;
    this.#isDead = true;
    this.note(`dies ${where}`);
    this.#onDeath();
  }

  now(): number {
    return this.#world.scheduler.now() + this.#skewMs;
  }

  random(): number {
    return this.#world.chance.next();
  }

  schedule(delayMs: number, fire: () => void): CancelTimer {
    return this.#world.scheduler.schedule(delayMs, () => {
      if (!this.#isDead) fire();
    });
  }

  post(message: Message): Promise<Exchange> {
    return this.#world.network.post(this, message);
  }

  get(question: Question): Promise<Exchange> {
    return this.#world.network.get(this, question);
  }

  async #passes(where: string): Promise<void> {
    if (this.#isDead) return never;
    if (this.strikes("crash")) {
      this.die(where);
      return never;
    }
    if (!this.strikes("stall")) return;
    const ms = this.#world.faults.of("stall").pick(stallsMs);
    this.note(`stands still ${where} for ${ms} ms`);
    await this.#world.scheduler.sleep(ms);
    if (this.#isDead) return never;
  }
}
