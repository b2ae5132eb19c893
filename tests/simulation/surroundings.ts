import { AsyncLocalStorage } from "node:async_hooks";
import { syncBuiltinESMExports } from "node:module";
import timersPromises from "node:timers/promises";
import { Channel, type Exchange, type Message, type Question } from "#adapters/acquirers/channel.ts";
import type { CancelTimer } from "#local/stepfunctions/clock.ts";

/** What code in a process takes from its process without asking for it. */
export interface Surroundings {
  /** Epoch milliseconds, by the clock of the process's own machine. */
  now(): number;
  random(): number;
  schedule(delayMs: number, fire: () => void): CancelTimer;
  /** One request of an acquirer's client to the network. */
  post(message: Message): Promise<Exchange>;
  /** One question of it, which changes nothing. */
  get(question: Question): Promise<Exchange>;
}

const surroundings = new AsyncLocalStorage<Surroundings>();

/** Runs code as inside a process: whatever it awaits stays inside, and code outside notices nothing. */
export const runInside = <T>(process: Surroundings, work: () => T): T => surroundings.run(process, work);

/** The process that the caller runs in; undefined outside. */
export const inside = (): Surroundings | undefined => surroundings.getStore();

/**
 * Puts the simulated world under the code that runs inside a process: its clock, its chance, its timers and the
 * network under the acquirers' client. Code that is deployed takes these where it stands, so this is where they are
 * replaced; everything outside a process goes on with the real ones. Call it once, before anything runs inside.
 */
export function replaceSurroundings(): void {
  if (isReplaced) return;
  isReplaced = true;

  const real = {
    now: Date.now,
    random: Math.random,
    sleep: timersPromises.setTimeout,
    post: Channel.prototype.post,
    get: Channel.prototype.get,
  };
  Date.now = () => surroundings.getStore()?.now() ?? real.now();
  Math.random = () => surroundings.getStore()?.random() ?? real.random();
  Object.assign(timersPromises, {
    setTimeout: (delayMs: number, ...rest: []) => {
      const inside = surroundings.getStore();
      if (inside === undefined) return real.sleep(delayMs, ...rest);
      return new Promise<void>((resolve) => {
        inside.schedule(delayMs, resolve);
      });
    },
  });
  syncBuiltinESMExports();
  Channel.prototype.post = function post(message) {
    return surroundings.getStore()?.post(message) ?? real.post.call(this, message);
  };
  Channel.prototype.get = function get(question) {
    return surroundings.getStore()?.get(question) ?? real.get.call(this, question);
  };
}

let isReplaced = false;
