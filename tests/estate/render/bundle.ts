import { join, parse } from "node:path";
import { type Esbuild, nodeRequireBanner } from "./esbuild.ts";

/** Source file of a handler as `stacks/` names it: `functions/api/payments.handler` is in `functions/api/payments.ts`. */
export function sourceOf(root: string, handler: string): string {
  const { dir, name } = parse(handler);
  return `${join(root, dir, name)}.ts`;
}

/**
 * Bundles a handler with the options of the sst binary (its pkg/runtime/node/build.go).
 * @param options `packages: "external"` leaves out what is not ours, which is nine tenths of the work.
 */
export function bundle(
  esbuild: Esbuild,
  root: string,
  handler: string,
  options: { readonly outfile: string; readonly write: boolean; readonly packages?: "external" },
): ReturnType<Esbuild["build"]> {
  return esbuild.build({
    ...options,
    entryPoints: [sourceOf(root, handler)],
    bundle: true,
    metafile: true,
    format: "esm",
    platform: "node",
    target: "esnext",
    keepNames: true,
    mainFields: ["module", "main"],
    external: ["sharp", "pg-native"],
    banner: { js: nodeRequireBanner },
    logLevel: "silent",
  });
}
