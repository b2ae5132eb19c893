import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { Refusal } from "./refusal.ts";

/** Two starts at the same moment can each clear the other's stale lock once; more is not a race any more. */
const attemptsMax = 3;
const pollMs = 5;

const holder = z.object({ pid: z.int().positive(), started: z.string() });
type Holder = z.output<typeof holder>;

/**
 * Takes a state directory for this process, so that no second system writes to it.
 * @returns what gives it back. A lock whose process is gone, `kill -9` included, counts as given back.
 * @throws Refusal when a living process holds it.
 */
export function lockState(directory: string): () => void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, "lock");
  const mine: Holder = { pid: process.pid, started: startOf(process.pid) };
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    try {
      writeFileSync(path, JSON.stringify(mine), { flag: "wx" });
      return () => rmSync(path, { force: true });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "EEXIST") throw thrown;
    }
    const other = readHolder(path);
    if (other !== undefined && isAlive(other)) throw inUse(directory, other.pid);
    rmSync(path, { force: true });
  }
  throw new Refusal(`${path} cannot be taken: another start is under way, try again`);
}

/**
 * As `lockState`, for a directory whose holder is about to end: it waits that long for it.
 * @throws Refusal when a living process still holds it after `waitMsMax`.
 */
export async function lockWithin(directory: string, waitMsMax: number): Promise<() => void> {
  const deadline = performance.now() + waitMsMax;
  for (;;) {
    try {
      return lockState(directory);
    } catch (thrown) {
      if (!(thrown instanceof Refusal) || performance.now() >= deadline) throw thrown;
    }
    await sleep(pollMs);
  }
}

function inUse(directory: string, pid: number): Refusal {
  return new Refusal(
    `another tallystick (pid ${pid}) runs on ${directory}: stop it, or give this one a directory of its own with --state`,
  );
}

function readHolder(path: string): Holder | undefined {
  try {
    return holder.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    // Half-written or gone: its writer is too.
    return undefined;
  }
}

function isAlive({ pid, started }: Holder): boolean {
  try {
    process.kill(pid, 0);
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM" && startOf(pid) === started;
  }
  return startOf(pid) === started;
}

/** When a process started, in the system's own unit: a pid alone may be another program's by now. Linux only; elsewhere the pid must do. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The program's name, in parentheses, may hold anything; fields are counted behind it. The 22nd is the start time.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}
