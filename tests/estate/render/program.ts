import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { EstateError } from "./errors.ts";
import { type Esbuild, type EsbuildPlugin, nodeRequireBanner } from "./esbuild.ts";
import type { Platform } from "./platform.ts";

/** What `app()` of sst.config.ts returns, with the defaults that SST adds. */
export interface App {
  readonly name: string;
  readonly stage: string;
  readonly home: string;
  readonly providers: Readonly<Record<string, AppProvider>>;
}

interface AppProvider {
  readonly region?: string;
  readonly allowedAccountIds?: readonly string[];
}

/**
 * Evaluates `app()` of sst.config.ts, as SST does before anything else: a wrong stage ends here.
 * @throws what `app()` throws, and EstateError for an import at the top of the file.
 */
export async function evaluateApp(root: string, stage: string): Promise<App> {
  const file = join(root, "sst.config.ts");
  const imported = /^import\s.*$/m.exec(readFileSync(file, "utf8"));
  // Only the sst binary checks this; here it would pass, and the deployment would fail.
  if (imported !== null)
    throw new EstateError(`sst.config.ts: SST refuses the import at its top: ${imported[0]}`);
  // SST defines $config so while it asks for app().
  Object.assign(globalThis, { $config: (config: unknown) => config });
  const { default: config } = (await import(pathToFileURL(file).href)) as {
    default: { app(input: { stage: string }): Promise<App> };
  };
  const app = await config.app({ stage });
  return { ...app, stage, providers: { [app.home]: {}, ...app.providers } };
}

export interface Program {
  /** Runs `run()` of sst.config.ts: what it registers goes to the Pulumi runtime's monitor. */
  run(): Promise<unknown>;
  remove(): void;
}

/**
 * Bundles sst.config.ts with SST's components, with the options of the sst binary (its pkg/project/run.go), so that
 * `sst`, `aws` and the `$…` globals mean here what they mean there.
 * @param workFolder where SST's components leave the archives of functions.
 */
export async function bundleProgram(
  root: string,
  platform: Platform,
  app: App,
  workFolder: string,
): Promise<Program> {
  const esbuild = platform.require("esbuild") as Esbuild;
  // Pulumi's packages stay outside the bundle: from this folder they resolve to the platform's node_modules.
  const outfile = join(platform.folder, `sst.config.${process.pid}.mjs`);
  const cli = {
    command: "deploy",
    dev: false,
    paths: { home: workFolder, root, work: workFolder, platform: platform.folder },
    state: { version: {} },
  };
  await esbuild.build({
    stdin: {
      contents: [
        `import { run } from ${JSON.stringify(join(platform.folder, "src/auto/run.ts"))};`,
        `import config from ${JSON.stringify(join(root, "sst.config.ts"))};`,
        "export default await run(config.run);",
      ].join("\n"),
      resolveDir: root,
      loader: "ts",
    },
    bundle: true,
    format: "esm",
    platform: "node",
    mainFields: ["module", "main"],
    sourcemap: "linked",
    outfile,
    logLevel: "silent",
    banner: { js: nodeRequireBanner },
    nodePaths: [join(platform.folder, "node_modules")],
    inject: [join(platform.folder, "src/shim/run.js")],
    define: { $app: JSON.stringify(app), $cli: JSON.stringify(cli), $dev: "false" },
    external: ["@pulumi/*", "@aws-sdk/*", "undici", "esbuild", "archiver", "glob", "vite", "@pulumiverse/*"],
    plugins: [injectGlobals(platform), fixNameSuffixes(platform)],
  });
  return {
    run: async () => ((await import(pathToFileURL(outfile).href)) as { default: unknown }).default,
    remove: () => {
      rmSync(outfile, { force: true });
      rmSync(`${outfile}.map`, { force: true });
    },
  };
}

/** Gives our files the globals `aws` and `sst`: SST's own sources import what they use. */
function injectGlobals(platform: Platform): EsbuildPlugin {
  const imports = [
    ...platform.providers.map(
      ({ alias, package: name }) => `import * as ${alias} from ${JSON.stringify(name)};`,
    ),
    `import * as sst from ${JSON.stringify(join(platform.folder, "src/components"))};`,
  ];
  return {
    name: "inject-globals",
    setup: (build) =>
      build.onLoad({ filter: /\.ts$/ }, ({ path }) =>
        path.startsWith(platform.folder)
          ? undefined
          : // All on the first line, so that the lines of an error are the lines of the file.
            { contents: imports.join(" ") + readFileSync(path, "utf8"), loader: "ts" },
      ),
  };
}

const randomSuffix = 'crypto.randomBytes(8).toString("hex")';

/** SST ends the names that it makes up with random letters. Derived from the name they are equal in every render. */
function fixNameSuffixes(platform: Platform): EsbuildPlugin {
  const file = join(platform.folder, "src/components/naming.ts");
  return {
    name: "fix-name-suffixes",
    setup: (build) =>
      build.onLoad({ filter: /naming\.ts$/ }, ({ path }) => {
        if (path !== file) return undefined;
        const source = readFileSync(path, "utf8");
        if (!source.includes(randomSuffix))
          throw new EstateError(`${file} of this SST makes its names another way.`);
        return { contents: source.replace(randomSuffix, "name"), loader: "ts" };
      }),
  };
}
