import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { HttpAcquirer } from "#adapters/acquirers/http-acquirer.ts";
import { parseNotification } from "#adapters/acquirers/notification.ts";
import { checkSignature } from "#core/acquiring/notification.ts";
import type { AuthorizeRequest } from "#core/acquiring/port.ts";
import { startReceiver } from "#tests/support/notification-receiver.ts";

const program = fileURLToPath(import.meta.resolve("#local/acquirers/main.ts"));

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

function start(...flags: readonly string[]): Child {
  const child = spawn(process.execPath, [program, ...flags], { stdio: ["pipe", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function urlOf(child: Child): Promise<string> {
  const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return (JSON.parse(line) as { ready: string }).ready;
}

function client(url: string): HttpAcquirer {
  const acquirer = new HttpAcquirer({ name: "alpha", url, apiKey: "sandbox-alpha", clock: Date.now });
  onTestFinished(() => acquirer.close());
  return acquirer;
}

const authorization = (number: string): AuthorizeRequest => ({
  key: `pay_${number}:authorize:1`,
  merchant: "mer_demo",
  amount: 1_099n,
  currency: "EUR",
  card: { number, expMonth: 12, expYear: 2_040 },
  deadline: Date.now() + 5_000,
});

describe("the sandbox acquirer as a process", () => {
  it("says where it listens, on loopback, and answers there", async () => {
    const url = await urlOf(start("--name", "alpha", "--port", "0", "--latency-ms", "1"));
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    expect(await (await fetch(`${url}/health`)).json()).toEqual({
      name: "alpha",
      operations: 0,
      authorizations: 0,
    });
    expect(await client(url).authorize(authorization("4242424242424242"))).toMatchObject({
      kind: "approved",
    });
  });

  it("is on its old port again after a restart, where customers have links to, unless somebody took it", async () => {
    const state = mkdtempSync(join(tmpdir(), "tallystick-acquirer-"));
    onTestFinished(() => rmSync(state, { recursive: true }));
    const flags = ["--name", "alpha", "--port", "0", "--state", state];
    const killed = start(...flags);
    const url = await urlOf(killed);
    killed.kill("SIGKILL");
    await once(killed, "exit");
    const again = start(...flags);
    expect(await urlOf(again)).toBe(url);
    again.kill("SIGKILL");
    await once(again, "exit");

    const other = createServer();
    await new Promise<void>((resolve) => other.listen(Number(new URL(url).port), "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    expect(await urlOf(start(...flags))).not.toBe(url);
  });

  it("ends when its stdin closes, also while a request waits for an answer that never comes", async () => {
    const child = start("--name", "alpha");
    const acquirer = client(await urlOf(child));
    const hanging = acquirer.authorize(authorization("4000000000005001"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.stdin.end();
    expect(await once(child, "exit")).toEqual([0, null]);
    expect(await hanging).toEqual({ kind: "unknown", reason: "no_answer:ECONNRESET" });
    const after = await acquirer.authorize(authorization("4242424242424242"));
    expect(after).toEqual({ kind: "not_attempted", reason: "no_connection:ECONNREFUSED" });
  });

  it("ends on SIGTERM", async () => {
    const child = start("--name", "beta");
    await urlOf(child);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([0, null]);
  });

  it("killed under a request leaves its outcome unknown", async () => {
    const child = start("--name", "alpha", "--latency-ms", "2000");
    const acquirer = client(await urlOf(child));
    const answer = acquirer.authorize(authorization("4242424242424242"));
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill("SIGKILL");
    expect(await answer).toEqual({ kind: "unknown", reason: "no_answer:ECONNRESET" });
  });

  it("killed with news that nobody has heard tells it after its restart", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tallystick-acquirer-"));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const { url, received } = await startReceiver();
    const first = start("--name", "alpha", "--state", directory);
    const acquirer = client(await urlOf(first));
    const request = authorization("4000000000005084");
    expect(await acquirer.authorize(request)).toMatchObject({ kind: "pending" });
    await new Promise((resolve) => setTimeout(resolve, 2_200));
    first.kill("SIGKILL");
    await once(first, "exit");
    expect(received).toEqual([]);

    const second = start("--name", "alpha", "--state", directory, "--notify", url, "--notify-secret", "s");
    await urlOf(second);
    await expect.poll(() => received.length, { timeout: 5_000 }).toBe(1);
    const [{ signature: header, rawBody } = { signature: "", rawBody: "" }] = received;
    expect(checkSignature({ header, rawBody }, ["s"], Date.now())).toBe("authentic");
    expect(parseNotification(rawBody)).toMatchObject({ key: request.key, outcome: { kind: "approved" } });
  });

  it.each([
    [["--name", "Alpha"]],
    [["--name", "alpha", "--port", "70000"]],
    [["--name", "alpha", "--latency-ms", "-1"]],
    [["--port", "0"]],
    [["--name", "alpha", "--speed", "1"]],
    [["--name", "alpha", "--notify", "ftp://example.test"]],
    [["--name", "alpha", "--cost-bp", "10001"]],
  ])("refuses the flags %j and says how it is used", async (flags) => {
    const child = start(...flags);
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    expect(await once(child, "close")).toEqual([1, null]);
    expect(said).toContain("node local/acquirers/main.ts --name alpha");
  });
});
