import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { EstateError } from "./errors.ts";
import { evaluateApp } from "./program.ts";

/** SST's components, Pulumi's SDK and esbuild, as the `sst` binary unpacks them (323 MB, not in git). */
export interface Platform {
  readonly folder: string;
  readonly sstVersion: string;
  /** The providers that `sst install` resolved: `{ package: "@pulumi/aws", alias: "aws" }`. */
  readonly providers: readonly { readonly package: string; readonly alias: string }[];
  /** `require`, resolving from the platform's own node_modules. */
  readonly require: NodeJS.Require;
}

const unpackMsMax = 10 * 60_000;

/**
 * Opens `.sst/platform`, and has SST unpack it first when it is missing, of another version, or without one of the
 * providers that sst.config.ts asks for (from the package registry; 15 s to a minute).
 * @throws EstateError when SST cannot unpack it.
 */
export async function openPlatform(projectRoot: string): Promise<Platform> {
  const sstVersion = installedSst(projectRoot);
  const folder = join(projectRoot, ".sst/platform");
  const lockFile = join(projectRoot, ".sst/provider-lock.json");
  // SST writes `version` first and the lock last: together they say that the platform is whole.
  const isWhole = unpackedVersion(folder) === sstVersion && (await hasProviders(projectRoot, lockFile));
  if (!isWhole) {
    rmSync(folder, { recursive: true, force: true });
    rmSync(lockFile, { force: true });
    unpack(projectRoot, sstVersion);
  }
  return {
    folder,
    sstVersion,
    providers: JSON.parse(readFileSync(lockFile, "utf8")) as Platform["providers"],
    require: createRequire(join(folder, "package.json")),
  };
}

/** All stages have the same providers: any of them tells. */
const anyStage = "local";

async function hasProviders(projectRoot: string, lockFile: string): Promise<boolean> {
  if (!existsSync(lockFile)) return false;
  const unpacked = JSON.parse(readFileSync(lockFile, "utf8")) as readonly { readonly name: string }[];
  const { providers } = await evaluateApp(projectRoot, anyStage);
  return Object.keys(providers).every((name) => unpacked.some((each) => each.name === name));
}

function installedSst(projectRoot: string): string {
  const manifest = readFileSync(join(projectRoot, "node_modules/sst/package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

function unpackedVersion(folder: string): string | undefined {
  const file = join(folder, "version");
  return existsSync(file) ? readFileSync(file, "utf8").trim() : undefined;
}

function unpack(projectRoot: string, sstVersion: string): void {
  console.error(`Unpacking the platform of sst ${sstVersion} into .sst (once) …`);
  try {
    execFileSync(join(projectRoot, "node_modules/.bin/sst"), ["install", "--stage", anyStage], {
      cwd: projectRoot,
      timeout: unpackMsMax,
      stdio: "pipe",
      env: {
        ...process.env,
        // Without these, SST first fetches the `pulumi` and `bun` binaries, which rendering does not use.
        SST_SKIP_DEPENDENCY_CHECK: "true",
        NO_BUN: "true",
        SST_TELEMETRY_DISABLED: "1",
      },
    });
  } catch (error) {
    throw new EstateError(`sst ${sstVersion} could not unpack its platform.`, { cause: error });
  }
}
