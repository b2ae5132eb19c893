import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const stopMsMaxDefault = 2_000;
/** Lines of a child's output that are kept to explain its end. */
const lastLinesMax = 5;

/**
 * Runs a program that knows nothing of us so that it ends with us: when our end of its stdin closes, for whatever
 * reason (also `kill -9`), the shell ends it. Programs of our own watch their stdin themselves.
 */
const guard = (signal: string) => `exec 3<&0
"$@" </dev/null 3<&- & child=$!
{ while read -r _; do :; done; kill -s ${signal} "$child" 2>/dev/null; } <&3 & watcher=$!
wait "$child"; code=$?
kill "$watcher" 2>/dev/null
exit "$code"`;

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** False: the program does not watch its stdin, so a shell does it in its place. */
  readonly watchesStdin: boolean;
  readonly onLine?: (line: string) => void;
  /** Of its standard error. */
  readonly onErrorLine?: (line: string) => void;
  /** How a program that does not watch its stdin is asked to end. Default TERM. */
  readonly endSignal?: "TERM" | "INT";
  /** Whom it runs as, when not as we do. */
  readonly user?: { readonly uid: number; readonly gid: number };
  /** Milliseconds that it has to end when it is asked to. */
  readonly stopMsMax?: number;
}

/** A program that runs beside us and never outlives us. */
export interface Child {
  readonly name: string;
  /** Settles when the child has ended, with how: `exit code 1: <its last line>`. Never rejects. */
  readonly ended: Promise<string>;
  /** Ends it: politely, then by force. */
  stop(): Promise<void>;
}

export function startChild(options: ChildOptions): Child {
  const { name, command, args, env, watchesStdin, onLine, onErrorLine, user } = options;
  const { stopMsMax = stopMsMaxDefault } = options;
  const [program, programArgs] = watchesStdin
    ? [command, args]
    : ["/bin/sh", ["-c", guard(options.endSignal ?? "TERM"), name, command, ...args]];
  const child = spawn(program, programArgs, {
    env: { ...env },
    ...user,
    stdio: ["pipe", "pipe", "pipe"],
    // A process group of its own: Ctrl-C at the terminal is ours to handle, and requests under way need the child.
    detached: true,
  });
  // A child that dies closes its pipes first; `ended` tells of it.
  child.stdin.on("error", () => undefined);

  const lastLines: string[] = [];
  const remember = (line: string): void => {
    lastLines.push(line);
    if (lastLines.length > lastLinesMax) lastLines.shift();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    remember(line);
    onLine?.(line);
  });
  createInterface({ input: child.stderr }).on("line", (line) => {
    remember(line);
    onErrorLine?.(line);
  });

  const ended = new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => {
      const how = signal === null ? `exit code ${code}` : signal;
      const lastLine = lastLines.at(-1);
      resolve(lastLine === undefined ? how : `${how}: ${lastLine}`);
    });
  });

  async function stop(): Promise<void> {
    child.stdin.end();
    const impatient = setTimeout(() => killGroup(child.pid), stopMsMax);
    await ended;
    clearTimeout(impatient);
  }
  return { name, ended, stop };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended in the meantime.
  }
}
