const barLength = 30;
const redrawMs = 100;

/** A bar that says how far long work is: redrawn in a terminal, a line every tenth elsewhere. */
export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #stream: NodeJS.WriteStream;
  readonly #startedMs = performance.now();
  #done = 0;
  #drawnMs = Number.NEGATIVE_INFINITY;

  constructor(what: string, total: number, stream: NodeJS.WriteStream = process.stderr) {
    this.#what = what;
    this.#total = total;
    this.#stream = stream;
  }

  step(): void {
    this.#done += 1;
    const now = performance.now();
    const isLast = this.#done === this.#total;
    if (this.#stream.isTTY) {
      if (!isLast && now - this.#drawnMs < redrawMs) return;
      this.#drawnMs = now;
      this.#stream.write(`\r${this.#line()}\u001b[K${isLast ? "\n" : ""}`);
      return;
    }
    const tenth = Math.max(1, Math.floor(this.#total / 10));
    if (isLast || this.#done % tenth === 0) this.#stream.write(`${this.#line()}\n`);
  }

  #line(): string {
    const part = this.#total === 0 ? 1 : this.#done / this.#total;
    const filled = Math.round(part * barLength);
    const seconds = (performance.now() - this.#startedMs) / 1_000;
    const perSecond = seconds > 0 ? this.#done / seconds : 0;
    const bar = `${"█".repeat(filled)}${"░".repeat(barLength - filled)}`;
    return `${this.#what} ${bar} ${this.#done}/${this.#total}  ${perSecond.toFixed(0)}/s  ${seconds.toFixed(0)} s`;
  }
}
