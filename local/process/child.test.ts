import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startChild } from "./child.ts";

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function untilDead(pid: number): Promise<void> {
  await expect.poll(() => isAlive(pid), { timeout: 3_000, interval: 10 }).toBe(false);
}

/** Starts a program that says its pid and then sleeps, as a program that knows nothing of us. */
function startForeign(script: string) {
  let say: (line: string) => void = () => undefined;
  const firstLine = new Promise<string>((resolve) => {
    say = resolve;
  });
  const child = startChild({
    name: "foreign",
    command: "/bin/sh",
    args: ["-c", script],
    env: { PATH: "/usr/bin:/bin" },
    watchesStdin: false,
    onLine: (line) => say(line),
    stopMsMax: 200,
  });
  return { child, firstLine };
}

test("a child is ended, though it does not listen for its end", async () => {
  const { child, firstLine } = startForeign("echo $$; exec sleep 60");
  const pid = Number(await firstLine);
  expect(isAlive(pid)).toBe(true);
  await child.stop();
  await untilDead(pid);
});

test("a child that refuses to end is ended by force", async () => {
  const { child, firstLine } = startForeign("trap '' TERM; echo $$; while :; do sleep 1; done");
  const pid = Number(await firstLine);
  await child.stop();
  await untilDead(pid);
});

test("a child that ends by itself says how, with its last words", async () => {
  const { child } = startForeign("echo working; echo the disk is full >&2; exit 3");
  expect(await child.ended).toBe("exit code 3: the disk is full");
});

test("a program that does not exist is an end, not a throw", async () => {
  const child = startChild({ name: "none", command: "/nowhere/none", args: [], env: {}, watchesStdin: true });
  expect(await child.ended).toContain("ENOENT");
});

test("a child does not outlive its parent, even after kill -9", async () => {
  const parentScript = `
    import { startChild } from ${JSON.stringify(fileURLToPath(new URL("./child.ts", import.meta.url)))};
    startChild({ name: "x", command: "/bin/sh", args: ["-c", "echo $$; exec sleep 60"], env: { PATH: "/usr/bin:/bin" },
      watchesStdin: false, onLine: (line) => console.log(line) });
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "-e", parentScript]);
  const [output] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(output.toString());
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await untilDead(pid);
});
