import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "pg";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clusterPlanOf } from "#local/postgres/cluster-plan.ts";
import { type PostgresServer, startPostgres } from "#local/postgres/server.ts";
import { planOf, resource } from "#tests/support/handmade-plan.ts";
import { orphansOf } from "#tests/support/system-process.ts";

const cluster = { engine: "aurora-postgresql", databaseName: "tallystick", masterUsername: "owner" };
const plan = clusterPlanOf(planOf([resource("aws:rds/cluster:Cluster", "Books", cluster)])) ?? {
  databaseName: "",
  userName: "",
};

let directory: string;
let servers: PostgresServer[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tallystick-postgres-"));
  servers = [];
});
afterEach(async () => {
  for (const { child } of servers) await child.stop();
  expect(await orphansOf(directory)).toEqual([]);
  rmSync(directory, { recursive: true });
});

async function start(): Promise<PostgresServer> {
  const server = await startPostgres(join(directory, "postgres"), plan);
  servers.push(server);
  return server;
}

async function query(url: string, statement: string): Promise<readonly unknown[]> {
  const client = new Client(url);
  await client.connect();
  try {
    return (await client.query({ text: statement, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

test("the plan's database is there, for its owner, and again after a restart with what was in it", async () => {
  const first = await start();
  expect(await query(first.url, "SELECT current_database(), current_user")).toEqual(["tallystick", "owner"]);
  await query(first.url, "CREATE TABLE t (n int)");
  await query(first.url, "INSERT INTO t VALUES (7)");
  await first.child.stop();
  expect(await query((await start()).url, "SELECT n FROM t")).toEqual([7]);
});

test("what was committed survives kill -9, and the next start needs no help", async () => {
  const { url } = await start();
  await query(url, "CREATE TABLE t (n int)");
  const holder = new Client(url);
  holder.on("error", () => undefined);
  await holder.connect();
  await holder.query("INSERT INTO t VALUES (8)");
  const { rows } = await holder.query(
    "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid",
  );
  process.kill(rows[0].pid, "SIGKILL");
  expect(await query((await start()).url, "SELECT n FROM t")).toEqual([8]);
});

test("a start waits for an earlier process that is about to end", async () => {
  const { child } = await start();
  const next = start();
  await new Promise((resolve) => setTimeout(resolve, 300));
  await child.stop();
  expect(await query((await next).url, "SELECT 1")).toEqual([1]);
});

test("without the password nobody comes in", async () => {
  const { url } = await start();
  const wrong = url.replace(/:[^:@]+@/, ":guess@");
  await expect(query(wrong, "SELECT 1")).rejects.toThrow("password authentication failed");
});
