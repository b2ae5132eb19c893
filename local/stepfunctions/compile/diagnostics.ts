import { isJsonObject, type Json, type JsonObject } from "../json.ts";

/** One reason why a definition is refused, in the words of AWS where AWS would refuse it too. */
export interface Diagnostic {
  readonly code: string;
  readonly message: string;
  /** JSON pointer like `/States/Charge/Retry`. */
  readonly location: string;
}

/** A state machine's definition is refused. The message is the one of AWS's `InvalidDefinition`. */
export class InvalidDefinition extends Error {
  override readonly name = "InvalidDefinition";
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    const reasons = diagnostics.map(({ code, message, location }) => `${code}: ${message} at ${location}`);
    super(`Invalid State Machine Definition: '${reasons.join(", ")}'`);
    this.diagnostics = diagnostics;
  }
}

export class Diagnostics {
  readonly found: Diagnostic[] = [];

  report(location: string, message: string, code = "SCHEMA_VALIDATION_FAILED"): void {
    this.found.push({ code, message, location });
  }

  /** Throws InvalidDefinition if anything was reported. */
  throwIfAny(): void {
    if (this.found.length > 0) throw new InvalidDefinition(this.found);
  }
}

/** Reads the fields of one object of a definition, and reports those of the wrong type. */
export class Fields {
  readonly location: string;
  readonly diagnostics: Diagnostics;
  readonly #members: JsonObject;

  constructor(members: JsonObject, location: string, diagnostics: Diagnostics) {
    this.#members = members;
    this.location = location;
    this.diagnostics = diagnostics;
  }

  keys(): readonly string[] {
    return Object.keys(this.#members);
  }

  get(key: string): Json | undefined {
    return Object.hasOwn(this.#members, key) ? this.#members[key] : undefined;
  }

  at(key: string): string {
    return `${this.location === "/" ? "" : this.location}/${key}`;
  }

  report(key: string, message: string): void {
    this.diagnostics.report(this.at(key), message);
  }

  string(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === "string") return value;
    this.report(key, "Expected value of type [STRING]");
    return undefined;
  }

  /** A number from `min` to `max`, both included. */
  number(key: string, min: number, max = Number.MAX_SAFE_INTEGER): number | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (typeof value === "number" && value >= min && value <= max) return value;
    this.report(key, `Expected a number from ${min} to ${max}`);
    return undefined;
  }

  strings(key: string): readonly string[] {
    const value = this.get(key);
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    this.report(key, "Expected value of type [LIST of STRING]");
    return [];
  }

  object(key: string): Fields | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (isJsonObject(value)) return new Fields(value, this.at(key), this.diagnostics);
    this.report(key, "Expected value of type [OBJECT]");
    return undefined;
  }

  /** The objects of a list, located as AWS does: `Choices[0]`. An absent list has none. */
  objects(key: string): readonly Fields[] {
    const value = this.get(key);
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every(isJsonObject)) {
      return value.map((item, index) => new Fields(item, `${this.at(key)}[${index}]`, this.diagnostics));
    }
    this.report(key, "Expected value of type [LIST of OBJECT]");
    return [];
  }

  require(...keys: readonly string[]): void {
    const missing = keys.filter((key) => this.get(key) === undefined);
    if (missing.length > 0) {
      this.diagnostics.report(this.location, `These fields are required: [${missing.join(", ")}]`);
    }
  }

  /** Reports every field that is not one of these. */
  allow(...keys: readonly string[]): void {
    for (const key of this.keys()) {
      if (!keys.includes(key)) this.diagnostics.report(this.location, `Field '${key}' is not supported`);
    }
  }
}
