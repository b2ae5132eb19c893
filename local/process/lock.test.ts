import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { lockState, lockWithin } from "./lock.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-lock-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

test("a directory is one system's until it gives it back", () => {
  const release = lockState(directory);
  expect(() => lockState(directory)).toThrow(
    `another tallystick (pid ${process.pid}) runs on ${directory}: stop it, or give this one a directory of its own with --state`,
  );
  release();
  expect(existsSync(join(directory, "lock"))).toBe(false);
  lockState(directory)();
});

test("the lock of a process that was killed is free", async () => {
  const victim = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  writeFileSync(join(directory, "lock"), JSON.stringify({ pid: victim.pid, started: "" }));
  victim.kill("SIGKILL");
  await once(victim, "exit");
  lockState(directory)();
});

test("the lock of a process whose pid went to another program is free", () => {
  writeFileSync(join(directory, "lock"), JSON.stringify({ pid: process.pid, started: "an hour ago" }));
  lockState(directory)();
});

test("a lock that was half written is free", () => {
  writeFileSync(join(directory, "lock"), '{"pid":');
  lockState(directory)();
});

test("a directory whose holder is about to end is waited for, and no longer than said", async () => {
  const release = lockState(directory);
  await expect(lockWithin(directory, 30)).rejects.toThrow("another tallystick");
  const taken = lockWithin(directory, 2_000);
  release();
  (await taken)();
});
