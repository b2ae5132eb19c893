import type { Json, JsonObject } from "./json.ts";

/**
 * The workflow variables of one scope: the machine, a branch or an iteration. An inner scope reads the variables
 * of the outer ones, but assigns only its own.
 */
export class Variables {
  readonly #own = new Map<string, Json>();
  readonly #outer: Variables | undefined;

  constructor(outer: Variables | undefined) {
    this.#outer = outer;
  }

  get(name: string): Json | undefined {
    const own = this.#own.get(name);
    return own === undefined && this.#outer !== undefined ? this.#outer.get(name) : own;
  }

  assign(values: JsonObject): void {
    for (const name of Object.keys(values)) this.#own.set(name, values[name] as Json);
  }
}
