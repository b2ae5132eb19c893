import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Endpoints } from "#local/endpoints.ts";
import type { Plan } from "#local/plan/plan.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** A start that has to clean up after a kill, on a busy machine. */
const readyMsMax = 60_000;
const orphanMsMax = 5_000;
const pollMs = 20;

/** `npm start -- --state <directory> --cold` as a process of its own, on free ports: it can be killed. */
export class SystemProcess {
  readonly #process: ChildProcess;
  readonly #state: string;
  #output = "";

  /** @param main what runs, with its arguments */
  constructor(
    state: string,
    main: readonly string[] = ["local/main.ts", "--state", state, "--quiet", "--cold"],
  ) {
    this.#state = state;
    this.#process = spawn(process.execPath, main, { cwd: root, env: { ...process.env, PORT: "0" } });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output += text;
      });
    }
  }

  /** The same, and it dies where a test tells it to. */
  static dying(state: string): SystemProcess {
    return new SystemProcess(state, ["tests/integration/fixtures/dying-process.ts", state]);
  }

  /** The same with a plan of the test's own. */
  static ofPlan(plan: Plan, state: string): SystemProcess {
    const planFile = join(state, "plan.json");
    writeFileSync(planFile, JSON.stringify(plan));
    return new SystemProcess(state, ["tests/integration/fixtures/plan-process.ts", planFile, state]);
  }

  /** @throws Error with all that it printed when it ends or does not become ready. */
  async ready(): Promise<Endpoints> {
    const deadline = performance.now() + readyMsMax;
    while (!this.#output.includes("tallystick ready ")) {
      if (this.#hasEnded || performance.now() > deadline) throw new Error(`not ready: ${this.#output}`);
      await sleep(pollMs);
    }
    return JSON.parse(readFileSync(join(this.#state, "endpoints.json"), "utf8"));
  }

  /** As `kill -9` does: no handler of its runs. */
  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  /** Its end by itself. @returns the signal that ended it */
  async death(): Promise<NodeJS.Signals | null> {
    if (!this.#hasEnded) await once(this.#process, "exit");
    return this.#process.signalCode;
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#hasEnded) return;
    this.#process.kill(signal);
    await once(this.#process, "exit");
  }

  get #hasEnded(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }
}

/** What still runs and has the directory on its command line, once children had time to end: pid and command. */
export async function orphansOf(state: string): Promise<readonly string[]> {
  const deadline = performance.now() + orphanMsMax;
  for (;;) {
    const found = processesNaming(state);
    if (found.length === 0 || performance.now() > deadline) return found;
    await sleep(pollMs);
  }
}

function processesNaming(text: string): readonly string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return command.includes(text) ? [`${pid} ${command}`] : [];
      } catch {
        // It ended while the list was read.
        return [];
      }
    });
}
