import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ExecutionStore } from "#local/stepfunctions/store.ts";
import { killedMachine } from "#local/stepfunctions/testing/killed-machine.ts";
import { withDirectory } from "#local/stepfunctions/testing/service.ts";

const child = fileURLToPath(import.meta.resolve("#local/stepfunctions/testing/kill-child.ts"));
const kills = 4;
const startsPerProcess = 10;

interface Run {
  /** Names whose start was answered. */
  readonly started: readonly string[];
  readonly exitCode: number | null;
}

/** Runs the child, and kills it `killAfterMs` after its first start. */
function run(args: readonly string[], killAfterMs: number | undefined): Promise<Run> {
  return new Promise((resolve, reject) => {
    const started: string[] = [];
    const running = spawn(process.execPath, [child, ...args], { stdio: ["ignore", "pipe", "inherit"] });
    running.stdout.on("data", (chunk: Buffer) => {
      const names = String(chunk).match(/run-\d+(?=\n)/g) ?? [];
      if (started.length === 0 && names.length > 0 && killAfterMs !== undefined) {
        void sleep(killAfterMs).then(() => running.kill("SIGKILL"));
      }
      started.push(...names);
    });
    running.on("error", reject);
    running.on("close", (exitCode) => resolve({ started, exitCode }));
  });
}

test("executions that were started end once and right, though their process is killed again and again", async () => {
  await withDirectory(async (directory) => {
    const [storeFile, callsFile] = [`${directory}/store`, `${directory}/calls`];
    const started: string[] = [];
    for (let round = 0; round < kills; round += 1) {
      const from = round * startsPerProcess;
      const range = [String(from), String(from + startsPerProcess)];
      const killed = await run([storeFile, callsFile, ...range], 5 + round * 8);
      expect(killed.exitCode, "it was killed before it was done").toBeNull();
      started.push(...killed.started);
    }
    expect((await run([storeFile, callsFile], undefined)).exitCode).toBe(0);

    const store = new ExecutionStore(storeFile, false);
    for (const name of started) {
      const arn = `${killedMachine.arn.replace(":stateMachine:", ":execution:")}:${name}`;
      const execution = store.find(arn);
      const n = Number(name.slice("run-".length));
      expect([execution?.status, execution?.output], name).toEqual(["SUCCEEDED", String(3 * n + 6)]);
      const events = store.events(execution?.id ?? 0, 0, 1_000, false);
      expect(events.map(({ id }) => id)).toEqual(events.map((_, index) => index + 1));
      expect(events.filter(({ type }) => type === "ExecutionSucceeded")).toHaveLength(1);
      expect(events.filter(({ type }) => type === "TaskSucceeded")).toHaveLength(5);
    }
    store.close();
    const calls = readFileSync(callsFile, "utf8").trim().split("\n");
    expect(started.length).toBeGreaterThan(kills);
    expect(calls.length, "a call that was cut off was made again").toBeGreaterThan(new Set(calls).size);
  });
});
