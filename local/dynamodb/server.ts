import { request } from "node:http";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { type Child, startChild } from "../process/child.ts";
import { freePort } from "../process/http-server.ts";
import { Refusal } from "../process/refusal.ts";
import { indexStreams } from "./stream-index.ts";

const readyMsMax = 5_000;
const readyPollMs = 5;
/** Another program can take the port between our look and dynoxide's bind. */
const startsMax = 3;

/** A running DynamoDB. */
export interface DynamoDbServer {
  readonly endpoint: string;
  /** The process, when it is ours. */
  readonly child: Child | undefined;
}

/**
 * Starts dynoxide, a DynamoDB in one binary over SQLite, on a file that survives restarts.
 * @throws Refusal when there is no binary for this platform, or it does not come up on this file.
 */
export async function startDynamoDb(databaseFile: string): Promise<DynamoDbServer> {
  const command = binary();
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}`;
    const child = startChild({
      name: "dynoxide",
      command,
      args: ["--host", "127.0.0.1", "--port", `${port}`, "--db-path", databaseFile],
      env: {},
      watchesStdin: false,
    });
    const failure = (await untilReady(endpoint, child)) ?? failureOf(() => indexStreams(databaseFile));
    if (failure === undefined) return { endpoint, child };
    await child.stop();
    if (/not a valid SQLite|malformed|corrupt/i.test(failure)) {
      throw new Refusal(`${databaseFile} is damaged: wipe all local state with "npm start -- --fresh"`, {
        cause: failure,
      });
    }
    if (attempt === startsMax) throw new Refusal(`dynoxide does not start on ${databaseFile}: ${failure}`);
  }
}

/** Path of the program. @throws Refusal when this platform has none. */
export function binary(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    return createRequire(import.meta.url).resolve(`@dynoxide/${platform}/dynoxide`);
  } catch (thrown) {
    throw new Refusal(
      `no DynamoDB for ${platform}: "npm install @dynoxide/${platform}", or start any DynamoDB emulator and name it in AWS_ENDPOINT_URL_DYNAMODB`,
      { cause: thrown },
    );
  }
}

function failureOf(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (thrown) {
    return String(thrown);
  }
}

/** @returns undefined once the server answers, or what to say when it ended or does not answer in time. */
async function untilReady(endpoint: string, child: Child): Promise<string | undefined> {
  let end: string | undefined;
  void child.ended.then((how) => {
    end = how;
  });
  const deadline = performance.now() + readyMsMax;
  while (end === undefined && performance.now() < deadline) {
    if (await answers(endpoint)) return undefined;
    await sleep(readyPollMs);
  }
  return end ?? `no answer within ${readyMsMax} ms`;
}

/** True when something speaks HTTP there. */
export function answers(endpoint: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request(endpoint, { agent: false, timeout: readyMsMax }, (response) => {
      response.resume();
      resolve(true);
    });
    probe.on("timeout", () => probe.destroy());
    probe.on("error", () => resolve(false));
    probe.end();
  });
}
