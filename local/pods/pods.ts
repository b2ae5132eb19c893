import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Client } from "pg";
import type { Credentials } from "../door/credentials.ts";
import { type Child, startChild } from "../process/child.ts";
import { Refusal } from "../process/refusal.ts";
import type { DeploymentPlan, PodPlan } from "./pod-plan.ts";

export interface PodsOptions {
  /** Each runs to its end, before any deployment begins. */
  readonly jobs: readonly PodPlan[];
  readonly deployments: readonly DeploymentPlan[];
  /** Of this project: programs are below it. */
  readonly root: string;
  /** URL of the door. */
  readonly endpoint: string;
  readonly credentialsOf: (roleArn: string) => Credentials;
  /** Of the database's owner. Undefined when the plan has no database. */
  readonly postgresUrl: string | undefined;
  readonly compileCacheDirectory: string;
  readonly log: (pod: string, line: string) => void;
}

/** Milliseconds that a pod has to end what it has begun. */
const stopMsMax = 5_000;
/** Milliseconds before a pod that ended is started again, and at most after it ended again and again. */
const restartMs = { first: 250, most: 30_000 };
/** A pod that lived for so many milliseconds had not ended again and again. */
const healthyMs = 10_000;

/**
 * Runs the plan's deployments: each pod is a process with the container's environment and the keys of its role, started
 * again when it ends, as Kubernetes does. What it asks of AWS goes through the door. Its database user has a password
 * here, where on AWS IAM lets it in. Jobs run before them, as who owns the database.
 * @throws Refusal when a job fails
 */
export async function runPods(options: PodsOptions, started: AsyncDisposableStack): Promise<void> {
  for (const plan of options.jobs) await runJob(plan, options);
  for (const plan of options.deployments) {
    const variables = { ...variablesOf(plan, options), ...(await databaseVariables(plan, options)) };
    for (let replica = 0; replica < plan.replicas; replica += 1) {
      const pod = new Pod(() => startProgram(plan, variables, options), options.log, plan.name);
      started.defer(() => pod.stop());
    }
  }
}

/** One that is wanted: a process, and after its end another one. */
class Pod {
  readonly #start: () => Child;
  readonly #log: PodsOptions["log"];
  readonly #name: string;
  readonly #wanted = new AbortController();
  readonly #over: Promise<void>;
  #child: Child | undefined;

  constructor(start: () => Child, log: PodsOptions["log"], name: string) {
    this.#start = start;
    this.#log = log;
    this.#name = name;
    this.#over = this.#keepUp();
  }

  async #keepUp(): Promise<void> {
    const { signal } = this.#wanted;
    let pauseMs = restartMs.first;
    while (!signal.aborted) {
      const startedAt = performance.now();
      this.#child = this.#start();
      const how = await this.#child.ended;
      if (signal.aborted) return;
      if (performance.now() - startedAt > healthyMs) pauseMs = restartMs.first;
      this.#log(this.#name, `ended with ${how}: it is started again in ${pauseMs} ms`);
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, restartMs.most);
    }
  }

  async stop(): Promise<void> {
    this.#wanted.abort();
    await this.#child?.stop();
    await this.#over;
  }
}

function variablesOf(
  { environment, roleArn }: PodPlan,
  { endpoint, credentialsOf, compileCacheDirectory }: PodsOptions,
): Record<string, string> {
  const { accessKeyId, secretAccessKey } = credentialsOf(roleArn);
  const { TMPDIR: _, BOOKS_HOST: __, ...told } = environment;
  return {
    ...told,
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    NODE_COMPILE_CACHE: compileCacheDirectory,
    // Pods have an address each; here they share one.
    HEALTH_PORT: "0",
  };
}

/** The only jobs that there are make the database what programs need. */
async function runJob(plan: PodPlan, options: PodsOptions): Promise<void> {
  if (options.postgresUrl === undefined) return;
  const owner = new URL(options.postgresUrl);
  const job = startProgram(
    plan,
    {
      ...variablesOf(plan, options),
      ...{ BOOKS_HOST: owner.hostname, BOOKS_PORT: owner.port },
      ...{ BOOKS_USER: owner.username, BOOKS_PASSWORD: decodeURIComponent(owner.password) },
    },
    options,
  );
  const how = await job.ended;
  if (!how.startsWith("exit code 0")) throw new Refusal(`${plan.name} failed: ${how}`);
}

/** Gives the program's user of the database a password. */
async function databaseVariables(plan: PodPlan, options: PodsOptions): Promise<Record<string, string>> {
  const { BOOKS_USER: user, BOOKS_DATABASE: database } = plan.environment;
  if (user === undefined || database === undefined || options.postgresUrl === undefined) return {};
  const owner = new URL(options.postgresUrl);
  const where = { BOOKS_HOST: owner.hostname, BOOKS_PORT: owner.port };
  const password = randomBytes(24).toString("base64url");
  const client = new Client(options.postgresUrl);
  await client.connect();
  try {
    await client.query(
      `ALTER ROLE ${client.escapeIdentifier(user)} PASSWORD ${client.escapeLiteral(password)}`,
    );
  } finally {
    await client.end();
  }
  return { ...where, BOOKS_PASSWORD: password };
}

const startProgram = (
  { name, program }: PodPlan,
  env: Readonly<Record<string, string>>,
  { root, log }: PodsOptions,
): Child =>
  startChild({
    ...{ name, env, stopMsMax, watchesStdin: false },
    command: process.execPath,
    args: [join(root, program)],
    onLine: (line) => log(name, line),
    onErrorLine: (line) => log(name, line),
  });
