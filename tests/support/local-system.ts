import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { StoreConnection } from "#cli/connection.ts";
import type { Endpoints } from "#local/endpoints.ts";
import { type System, type SystemOptions, startSystem } from "#local/system.ts";

export interface TestSystem extends System {
  /** What functions logged: nothing secret may ever be here. */
  readonly functionLog: readonly string[];
}

/** As `prove` reads the tables of a running system. */
export const storeOf = ({ aws }: Endpoints): StoreConnection => ({
  client: awsClient({ aws }),
  tablePrefix: "tallystick-local-",
});

/** What an AWS client takes to speak to a running system, as its operator on this machine. */
export const awsClient = ({ aws }: Pick<Endpoints, "aws">) => ({
  endpoint: aws.endpoint,
  region: aws.region,
  credentials: { accessKeyId: aws.access_key_id, secretAccessKey: aws.secret_access_key },
});

/** The whole local cloud on free ports, with a state of its own that `stop` removes. */
export async function startTestSystem(options: Partial<SystemOptions> = {}): Promise<TestSystem> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "tallystick-system-"));
  const functionLog: string[] = [];
  const system = await startSystem({
    port: 0,
    stateDirectory,
    acquirerLatencyMs: 0,
    warm: false,
    // Most tests ask the books nothing.
    pods: false,
    iamLog: process.env["TALLYSTICK_IAM_LOG"],
    warn: (line) => functionLog.push(line),
    functionLog: ({ functionName, line }) => functionLog.push(`[${functionName}] ${line}`),
    ...options,
  });
  return {
    ...system,
    functionLog,
    stop: async () => {
      await system.stop();
      if (options.stateDirectory === undefined) rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}
