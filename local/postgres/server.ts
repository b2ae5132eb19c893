import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { type Child, startChild } from "../process/child.ts";
import { freePort } from "../process/http-server.ts";
import { Refusal } from "../process/refusal.ts";
import { StateFile } from "../process/state-file.ts";
import { type PostgresBinaries, postgresBinaries } from "./binaries.ts";
import type { ClusterPlan } from "./cluster-plan.ts";

/** One that was killed first reads what it had written last: gigabytes, where it had been busy. */
const readyMsMax = 120_000;
const readyPollMs = 10;
const makeMsMax = 30_000;
/** PostgreSQL refuses to run as root, and this user is there on every Linux and may do nothing. */
const nobody = { uid: 65_534, gid: 65_534 };
const ownerOnly = 0o700;
const othersMayPass = 0o001;

/** A running PostgreSQL. */
export interface PostgresServer {
  /** `postgres://user:password@127.0.0.1:port/database`. A secret. */
  readonly url: string;
  readonly child: Child;
}

/**
 * Starts PostgreSQL on a directory that survives restarts; the first start makes it, which takes about two seconds.
 * @throws Refusal when there is no binary for this platform, or it does not come up.
 */
export async function startPostgres(directory: string, plan: ClusterPlan): Promise<PostgresServer> {
  const binaries = postgresBinaries();
  const data = resolve(directory, "data");
  const user = process.getuid?.() === 0 ? nobody : undefined;
  mkdirSync(directory, { recursive: true, mode: ownerOnly });
  const passwordFile = new StateFile(join(directory, "password.json"), z.object({ password: z.string() }));
  const password = passwordFile.read()?.password ?? randomBytes(24).toString("base64url");
  passwordFile.write({ password });
  if (user !== undefined) letPass(data);
  if (!existsSync(join(data, madeMark))) await make(binaries, { data, user, plan, password });
  const port = await freePort();
  const child = await start(binaries, { data, user, port });
  const { userName, databaseName } = plan;
  return { url: `postgres://${userName}:${password}@127.0.0.1:${port}/${databaseName}`, child };
}

/** Written last: a directory without it was left by a start that was killed, and is made again. */
const madeMark = "made-by-tallystick";

type User = typeof nobody | undefined;

async function make(
  { initdb, postgres }: PostgresBinaries,
  { data, user, plan, password }: { data: string; user: User; plan: ClusterPlan; password: string },
): Promise<void> {
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { mode: ownerOnly });
  const passwordFile = join(data, "..", "initial-password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) for (const path of [data, passwordFile]) chownSync(path, user.uid, user.gid);
  const options = { ...user, env: {}, timeout: makeMsMax };
  try {
    const settings = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"];
    const named = [`--username=${plan.userName}`, `--pwfile=${passwordFile}`];
    await promisify(execFile)(initdb, [`--pgdata=${data}`, ...settings, ...named], options);
    if (plan.databaseName !== "postgres") {
      const statement = `CREATE DATABASE "${plan.databaseName}"\n`;
      const running = promisify(execFile)(postgres, ["--single", "-D", data, "postgres"], options);
      running.child.stdin?.end(statement);
      await running;
    }
  } catch (thrown) {
    throw new Refusal(`PostgreSQL cannot make ${data}: ${(thrown as Error).message}`, { cause: thrown });
  } finally {
    rmSync(passwordFile, { force: true });
  }
  writeFileSync(join(data, madeMark), "");
}

/** PostgreSQL's last words, its hint, when an earlier process still has the lock file or the shared memory. */
const heldPattern = /Is another postmaster .* running|Terminate any old server processes/;

async function start(
  { postgres }: PostgresBinaries,
  { data, user, port }: { data: string; user: User; port: number },
): Promise<Child> {
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    // As all state here, it survives the end of every process, not of the machine: so nothing waits for the disk.
    fsync: "off",
  };
  const args = [
    "-D",
    data,
    "-p",
    `${port}`,
    ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
  ];
  const deadline = performance.now() + readyMsMax;
  for (;;) {
    const child = startChild({
      name: "postgres",
      command: postgres,
      args,
      env: {},
      watchesStdin: false,
      // Fast shutdown: it ends its clients' sessions instead of waiting for them.
      endSignal: "INT",
      ...(user !== undefined && { user }),
    });
    const failure = await untilReady(child, data, port, deadline);
    if (failure === undefined) return child;
    await child.stop();
    // The one that a killed start left behind is about to end.
    if (!heldPattern.test(failure) || performance.now() > deadline) {
      throw new Refusal(`PostgreSQL does not start on ${data}: ${failure}`);
    }
    await sleep(readyPollMs);
  }
}

/** PostgreSQL writes its state into the last line of its lock file; the port tells this one's from an earlier one's. */
async function untilReady(
  child: Child,
  data: string,
  port: number,
  deadline: number,
): Promise<string | undefined> {
  let end: string | undefined;
  void child.ended.then((how) => {
    end = how;
  });
  while (end === undefined && performance.now() < deadline) {
    const lines = readLines(join(data, "postmaster.pid"));
    if (lines[3] === `${port}` && lines[7]?.trim() === "ready") return undefined;
    await sleep(readyPollMs);
  }
  return end ?? `no answer within ${readyMsMax} ms`;
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, "utf8").split("\n");
  } catch {
    return [];
  }
}

/** Another user has to pass all directories above; the lowest two are ours, and are opened that far. */
function letPass(data: string): void {
  const [ours, stateDirectory] = [dirname(data), dirname(dirname(data))];
  for (const path of [ours, stateDirectory]) chmodSync(path, statSync(path).mode | othersMayPass);
  for (let path = stateDirectory; path !== dirname(path); path = dirname(path)) {
    if ((statSync(path).mode & othersMayPass) !== 0) continue;
    throw new Refusal(
      `PostgreSQL does not run as root, and another user cannot reach ${data} through ${path}: run as another user, choose another --state, or set POSTGRES_URL`,
    );
  }
}
