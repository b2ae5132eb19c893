import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Plan } from "#local/plan/plan.ts";
import { startBuildServer } from "./build-server.ts";
import { installEngine, type Registration } from "./engine.ts";
import { planOf } from "./lock.ts";
import type { Platform } from "./platform.ts";
import { type App, bundleProgram, evaluateApp } from "./program.ts";
import { ErrorTrap } from "./trap.ts";

/**
 * Renders the estate of a stage without AWS: SST's own components, run by Pulumi's own SDK, against an engine that
 * records. Takes over the process (working directory, SST_SERVER, uncaught errors): one render per process.
 * @param root the project whose sst.config.ts, stacks/ and handlers are rendered.
 * @param account whose credentials the deployment has; the stage's own when left out.
 * @throws AggregateError of all that went wrong.
 */
export async function renderPlan(
  root: string,
  stage: string,
  open: () => Promise<Platform>,
  account?: string,
): Promise<Plan> {
  // Before the platform is unpacked: an unknown stage is refused at once.
  const app = await evaluateApp(root, stage);
  const platform = await open();
  const workFolder = mkdtempSync(join(tmpdir(), "tallystick-estate-"));
  const emptyFolder = join(workFolder, "empty");
  mkdirSync(emptyFolder);
  const server = await startBuildServer(root, platform, emptyFolder);
  process.env["SST_SERVER"] = server.url;
  // Errors then name the line in stacks/, not the one in the bundle.
  process.setSourceMapsEnabled(true);
  try {
    const registrations = await runProgram(root, platform, app, workFolder, account);
    return planOf({ root, app, sstVersion: platform.sstVersion, registrations, handlers: server.handlers });
  } finally {
    server.close();
    rmSync(workFolder, { recursive: true, force: true });
  }
}

async function runProgram(
  root: string,
  platform: Platform,
  app: App,
  workFolder: string,
  account: string | undefined,
): Promise<readonly Registration[]> {
  const program = await bundleProgram(root, platform, app, workFolder);
  const errors = new ErrorTrap();
  try {
    const engine = await installEngine(platform, app, account);
    await errors.until(engine.run(program.run));
    if (errors.caught.length > 0) throw new AggregateError(errors.caught, "The estate cannot be rendered.");
    return engine.registrations;
  } finally {
    errors.release();
    program.remove();
  }
}
