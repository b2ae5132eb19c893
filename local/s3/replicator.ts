import type { Replication, Version } from "./version.ts";

/** A service that stumbles is asked again after so long. */
const retryMs = 5_000;

/** Copies one version to one bucket. @throws Error as S3 refuses it. */
export type CopyVersion = (version: Version, destination: string) => Promise<void>;

export interface ReplicatorOptions {
  readonly destinationsOf: (version: Version) => readonly string[];
  /** Told of each version whose copies are there, or are not to be had. */
  readonly settled: (version: Version, status: Replication) => void;
  readonly warn: (line: string) => void;
}

/** Copies what was put into one bucket, one after the other, whatever the order. */
export class Replicator {
  readonly #options: ReplicatorOptions;
  readonly #waiting = new Set<Version>();
  #copy: CopyVersion | undefined;
  #pass: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: ReplicatorOptions) {
    this.#options = options;
  }

  add(version: Version): void {
    this.#waiting.add(version);
    this.#begin();
  }

  /** Begins to copy, with what an earlier process left. */
  start(copy: CopyVersion): void {
    this.#copy = copy;
    this.#begin();
  }

  /** Resolves when each that waits was tried. */
  async tried(): Promise<void> {
    await this.#pass;
  }

  /** What is not copied by then is copied after the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    await this.#pass;
  }

  #begin(): void {
    const copy = this.#copy;
    if (copy === undefined || this.#isStopped || this.#waiting.size === 0) return;
    this.#pass ??= this.#run(copy).finally(() => {
      this.#pass = undefined;
    });
  }

  async #run(copy: CopyVersion): Promise<void> {
    // What comes while it runs is of this pass too.
    for (const version of this.#waiting) {
      if (this.#isStopped) return;
      const status = await this.#replicate(version, copy);
      if (status === undefined) continue;
      this.#waiting.delete(version);
      this.#options.settled(version, status);
    }
    if (this.#waiting.size > 0 && !this.#isStopped)
      this.#retry = setTimeout(() => this.#begin(), retryMs).unref();
  }

  /** @returns undefined when it is to be tried again. */
  async #replicate(version: Version, copy: CopyVersion): Promise<Replication | undefined> {
    for (const destination of this.#options.destinationsOf(version)) {
      try {
        await copy(version, destination);
      } catch (thrown) {
        const { $metadata, message } = thrown as Error & { $metadata?: { httpStatusCode?: number } };
        const statusCode = $metadata?.httpStatusCode ?? 500;
        // As on AWS it ends so: nobody tries again what IAM denies.
        if (statusCode < 400 || statusCode >= 500 || this.#isStopped) return undefined;
        this.#options.warn(`S3 does not copy ${version.key} to ${destination}: ${message}`);
        return "FAILED";
      }
    }
    return "COMPLETED";
  }
}
