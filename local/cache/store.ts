/** What the cache holds at most, keys and values together; then the one that was used longest ago goes. */
const bytesMaxDefault = 64 * 1024 * 1024;
/** What an entry costs beside its bytes, roughly. */
const entryBytes = 100;

export interface Entry {
  readonly value: Buffer;
  /** Epoch milliseconds, undefined: never. */
  readonly expiresAt: number | undefined;
}

/** Keys and values with an expiry. In memory only: a cache may be empty at any moment, and its users must not mind. */
export class CacheStore {
  readonly #clock: () => number;
  readonly #bytesMax: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;

  /** `clock`: epoch milliseconds. */
  constructor(clock: () => number, bytesMax: number = bytesMaxDefault) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    if (entry.expiresAt !== undefined && entry.expiresAt <= this.#clock()) {
      this.#bytes -= sizeOf(key, entry);
      return undefined;
    }
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, entry: Entry): void {
    this.delete(key);
    // The bytes belong to what the connection received: a copy lets that go.
    const kept = { ...entry, value: Buffer.from(entry.value) };
    this.#entries.set(key, kept);
    this.#bytes += sizeOf(key, kept);
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.delete(oldest);
    }
  }

  /** @returns whether it was there. */
  delete(key: string): boolean {
    const entry = this.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, entry);
    return true;
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}

const sizeOf = (key: string, { value }: Entry): number => entryBytes + key.length + value.length;
