import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join, parse } from "node:path";
import { text } from "node:stream/consumers";
import { bundle, sourceOf } from "./bundle.ts";
import { buildErrors, type Esbuild } from "./esbuild.ts";
import type { Platform } from "./platform.ts";

/** The methods that SST's components call on the sst binary while they run. */
export interface BuildServer {
  readonly url: string;
  /** Handler as written in `stacks/`, by the logical name of the function's component. */
  readonly handlers: ReadonlyMap<string, string>;
  close(): void;
}

interface BuildRequest {
  readonly functionID: string;
  readonly handler: string;
}

interface BuildAnswer {
  readonly handler: string;
  /** Folder of the bundle. */
  readonly out: string;
  readonly errors: readonly string[];
  readonly sourcemaps: readonly string[];
}

/** What bootstrapping an account with SST would have created there. */
const bootstrap = {
  version: 5,
  asset: "sst-asset",
  state: "sst-state",
  assetEcrRegistryId: "",
  assetEcrUrl: "",
};

/**
 * Stands in for the JSON-RPC server of the sst binary: it bundles each function, to prove that its files are there and
 * export its handler.
 * @param emptyFolder given to SST as the bundle: the plan records no code, so there is nothing to archive.
 */
export async function startBuildServer(
  root: string,
  platform: Platform,
  emptyFolder: string,
): Promise<BuildServer> {
  const esbuild = platform.require("esbuild") as Esbuild;
  const handlers = new Map<string, string>();
  const call = async (method: string, request: BuildRequest): Promise<object> => {
    if (method === "Provider.Aws.Bootstrap") return bootstrap;
    // SST's client takes this wording for "not offered", which it survives where the method is optional.
    if (method !== "Runtime.Build") throw new Error(`rpc: can't find method ${method}`);
    handlers.set(request.functionID, request.handler);
    const errors = await bundleErrors(root, esbuild, request);
    const answer: BuildAnswer = {
      handler: `bundle${parse(request.handler).ext}`,
      out: emptyFolder,
      errors: errors.map((error) => `${declaredIn(root, request.handler)}: ${request.functionID}: ${error}`),
      sourcemaps: [],
    };
    return answer;
  };
  const server = createServer(async (request, response) => {
    const { method, params } = JSON.parse(await text(request)) as { method: string; params: [BuildRequest] };
    const answer = await call(method, params[0]).then(
      (result) => ({ result }),
      (error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }),
    );
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    handlers,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Bundles our own files, and writes nothing. That packages can be bundled too is shown by bundles.test.ts, once. */
async function bundleErrors(root: string, esbuild: Esbuild, { handler }: BuildRequest): Promise<string[]> {
  const { dir, name, ext } = parse(handler);
  if (!existsSync(sourceOf(root, handler)))
    return [`there is no handler ${handler} (no file ${dir}/${name}.ts)`];
  try {
    const options = { outfile: "bundle.mjs", write: false, packages: "external" } as const;
    const { metafile } = await bundle(esbuild, root, handler, options);
    const exports = Object.values(metafile?.outputs ?? {}).flatMap((output) => output.exports);
    return exports.includes(ext.slice(1)) ? [] : [`${dir}/${name}.ts does not export "${ext.slice(1)}"`];
  } catch (error) {
    return buildErrors(error);
  }
}

/** The stack that names this handler: SST's own stack trace ends in its components. */
function declaredIn(root: string, handler: string): string {
  const folder = join(root, "stacks");
  const stacks = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  const file = stacks.find((name) => readFileSync(join(folder, name), "utf8").includes(`"${handler}"`));
  return `stacks/${file ?? ""}`;
}
