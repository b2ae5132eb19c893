import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { dynamoDbEngine } from "#local/dynamodb/engine.ts";
import { startDynamoDb } from "#local/dynamodb/server.ts";
import type { Endpoints } from "#local/endpoints.ts";
import { close, listen } from "#local/process/http-server.ts";

const root = new URL("../..", import.meta.url);

let state: string;
let runs: ChildProcessWithoutNullStreams[];

beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "tallystick-cloud-"));
  runs = [];
});
afterEach(async () => {
  for (const run of runs) await kill(run, "SIGKILL");
  rmSync(state, { recursive: true, force: true });
});

interface Run {
  readonly process: ChildProcessWithoutNullStreams;
  /** Everything that it printed so far, without line ends. */
  readonly lines: string[];
  /** Its exit code. */
  readonly ended: Promise<number | null>;
}

/** `npm start -- --state <directory> …`, its functions left cold: these tests are about the rest. */
function run(environment: Record<string, string> = {}, ...flags: string[]): Run {
  const args = ["local/main.ts", "--state", state, "--cold", ...flags];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, PORT: "0", ...environment },
  });
  runs.push(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream.setEncoding("utf8").on("data", (text: string) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
    });
  }
  return { process: child, lines, ended: once(child, "close").then(([code]) => code as number | null) };
}

async function ready(started: Run): Promise<Endpoints> {
  const isReady = new Promise<void>((resolve) => {
    started.process.stdout.on("data", () => {
      if (started.lines.at(-1)?.startsWith("tallystick ready ")) resolve();
    });
  });
  const ended = started.ended.then((code) => `it ended with ${code}: ${started.lines.join(" | ")}`);
  expect(await Promise.race([isReady, ended])).toBeUndefined();
  return endpoints();
}

const endpoints = (): Endpoints => JSON.parse(readFileSync(join(state, "endpoints.json"), "utf8"));

async function kill(child: ChildProcessWithoutNullStreams, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill(signal);
  await once(child, "exit");
}

const answers = (url: string) =>
  fetch(url).then(
    () => true,
    () => false,
  );

async function expectSilence({ api, aws, dynamodb, issuer, acquirers }: Endpoints): Promise<void> {
  for (const url of [api, aws.endpoint, dynamodb, issuer, ...acquirers]) {
    await expect.poll(() => answers(url), { timeout: 5_000, interval: 20, message: url }).toBe(false);
  }
}

const tokenOf = async ({ token_url, merchants }: Endpoints) => {
  const { client_id, client_secret } = merchants.demo;
  const body = new URLSearchParams({ grant_type: "client_credentials", client_id, client_secret });
  const answer = await fetch(token_url, { method: "POST", body });
  return ((await answer.json()) as { access_token: string }).access_token;
};
const statusOfPayments = async ({ api }: Endpoints, token: string) =>
  (await fetch(`${api}/v1/payments`, { headers: { authorization: `Bearer ${token}` } })).status;

describe("npm start", () => {
  test("says where it is ready, tells its addresses to its owner only, and ends cleanly", async () => {
    const started = run();
    const told = await ready(started);
    expect(started.lines.at(-1)).toBe(`tallystick ready ${told.api}`);
    expect(statSync(join(state, "endpoints.json")).mode & 0o777).toBe(0o600);
    expect(told).toMatchObject({
      acquirers: [expect.any(String), expect.any(String)],
      pid: started.process.pid,
    });
    expect(await statusOfPayments(told, await tokenOf(told))).toBe(200);

    started.process.kill("SIGTERM");
    expect(await started.ended).toBe(0);
    await expectSilence(told);
  });

  test("answers a person's AWS client with the operator's key", async () => {
    const { aws } = await ready(run());
    const client = new DynamoDBClient({
      endpoint: aws.endpoint,
      region: aws.region,
      credentials: { accessKeyId: aws.access_key_id, secretAccessKey: aws.secret_access_key },
    });
    const { TableNames } = await client.send(new ListTablesCommand({}));
    client.destroy();
    expect(TableNames).toContain("tallystick-local-payments");
  });

  test("leaves nothing behind after kill -9, and goes on with its state at the next start", async () => {
    const first = run();
    const before = await ready(first);
    const token = await tokenOf(before);
    await kill(first.process, "SIGKILL");
    await expectSilence(before);

    const after = await ready(run());
    expect(after.merchants).toEqual(before.merchants);
    expect(await statusOfPayments(after, token)).toBe(200);
  });

  test("forgets everything with --fresh", async () => {
    const first = run();
    const before = await ready(first);
    await kill(first.process, "SIGTERM");
    const after = await ready(run({}, "--fresh"));
    expect(after.merchants.demo.client_secret).not.toBe(before.merchants.demo.client_secret);
    // Two starts, beside whatever else runs.
  }, 120_000);

  test("takes one Ctrl-C for one, though npm hands it on a second time", async () => {
    const started = run();
    const told = await ready(started);
    started.process.kill("SIGINT");
    started.process.kill("SIGINT");
    expect(await started.ended).toBe(0);
    await expectSilence(told);
  });

  test("runs on another DynamoDB, and forgets there too", async () => {
    const other = await startDynamoDb(join(state, "other.sqlite"));
    const environment = { AWS_ENDPOINT_URL_DYNAMODB: other.endpoint };
    const engine = dynamoDbEngine(other.endpoint);
    const merchants = async () => {
      const scan = { TableName: "tallystick-local-merchants", FilterExpression: "sk = :sk" };
      const values = { ExpressionAttributeValues: { ":sk": { S: "client" } } };
      return ((await engine.call("Scan", { ...scan, ...values })) as { Count: number }).Count;
    };
    for (const [flags, clients] of [
      [[], 4],
      // New clients beside the old ones would be eight.
      [["--fresh"], 4],
    ] as const) {
      const started = run(environment, ...flags);
      expect((await ready(started)).dynamodb).toBe(other.endpoint);
      expect(await merchants()).toBe(clients);
      await kill(started.process, "SIGTERM");
    }
    engine.stop();
    await other.child?.stop();
  });

  test("stops when a part of it dies, and says which", async () => {
    const started = run();
    const { dynamodb } = await ready(started);
    const port = new URL(dynamodb).port;
    const pid = execFileSync("pgrep", ["-f", `dynoxide --host 127.0.0.1 --port ${port}`])
      .toString()
      .split("\n");
    for (const each of pid.filter((text) => text !== "")) process.kill(Number(each), "SIGKILL");
    expect(await started.ended).toBe(1);
    expect(started.lines).toContainEqual(
      expect.stringMatching(/^tallystick: dynoxide ended \(.*\), and nothing works without it: start again$/),
    );
  });
});

describe("npm start refuses in one line", () => {
  async function refusal(started: Run): Promise<string[]> {
    expect(await started.ended).toBe(1);
    return started.lines;
  }

  test("a state directory that another one uses", async () => {
    const first = run();
    await ready(first);
    expect(await refusal(run())).toEqual([
      `tallystick: another tallystick (pid ${first.process.pid}) runs on ${state}: stop it, or give this one a directory of its own with --state`,
    ]);
  });

  test("a port that is taken", async () => {
    const squatter = createServer();
    const port = await listen(squatter, 0);
    expect(await refusal(run({ PORT: String(port) }))).toEqual([
      `tallystick: port ${port} is taken: end what listens there, or set PORT to another one (PORT=0 picks a free one)`,
    ]);
    await close(squatter, 100);
  });

  test.each(["kms.json", "clients.json", "issuer.json", "dynamodb.sqlite", "stepfunctions.sqlite"])(
    "a damaged %s",
    async (file) => {
      writeFileSync(join(state, file), "damaged ".repeat(1_000));
      const [line, ...more] = await refusal(run());
      expect(line).toMatch(
        new RegExp(`^tallystick: ${join(state, file)} is damaged: .*"npm start -- --fresh"$`),
      );
      expect(more).toEqual([]);
    },
  );

  test.each([
    ["PORT", { PORT: "many" }, "tallystick: PORT is a whole number, 0 … 65535"],
    [
      "AWS_ENDPOINT_URL_DYNAMODB",
      { AWS_ENDPOINT_URL_DYNAMODB: "here" },
      "tallystick: AWS_ENDPOINT_URL_DYNAMODB is a URL",
    ],
    [
      "AWS_ENDPOINT_URL_DYNAMODB",
      { AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:1" },
      "tallystick: nothing answers at AWS_ENDPOINT_URL_DYNAMODB http://127.0.0.1:1: start it, or unset the variable",
    ],
  ])("a wrong %s", async (_name, environment, line) => {
    expect(await refusal(run(environment))).toEqual([line]);
  });
});
