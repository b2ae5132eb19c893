import { EstateError } from "./errors.ts";

const renderMsMax = 120_000;

/** After the first error others may follow from the same cause; then the program is given up. */
const furtherErrorsMs = 500;

/**
 * Collects what is thrown outside any call of ours. An error inside `apply()` rejects a promise that nobody holds, and
 * Pulumi's queue then waits for ever for what should have followed.
 */
export class ErrorTrap {
  readonly caught: unknown[] = [];
  readonly #ended = Promise.withResolvers<void>();
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    process.on("unhandledRejection", this.add);
    process.on("uncaughtException", this.add);
  }

  readonly add = (error: unknown): void => {
    if (!this.caught.includes(error)) this.caught.push(error);
    this.#ended.resolve();
  };

  /** Waits for the work, or for the first error and those that follow from it; too long is an error too. */
  async until(work: Promise<unknown>): Promise<void> {
    this.#timer = setTimeout(
      () => this.add(new EstateError(`The render did not end within ${renderMsMax} ms.`)),
      renderMsMax,
    );
    await Promise.race([work.catch(this.add), this.#ended.promise]);
    if (this.caught.length > 0) await new Promise((resolve) => setTimeout(resolve, furtherErrorsMs));
  }

  release(): void {
    clearTimeout(this.#timer);
    process.off("unhandledRejection", this.add);
    process.off("uncaughtException", this.add);
  }
}
