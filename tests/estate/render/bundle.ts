import { join, parse } from "node:path";
import { type Esbuild, nodeRequireBanner } from "./esbuild.ts";

/** Source file of a handler as `stacks/` names it: `functions/api/payments.handler` is in `functions/api/payments.ts`. */
export function sourceOf(root: string, handler: string): string {
  const { dir, name } = parse(handler);
  return `${join(root, dir, name)}.ts`;
}

/** Bundles a handler with the options of the sst binary (its pkg/runtime/node/build.go). */
export function bundle(
  esbuild: Esbuild,
  root: string,
  handler: string,
  output: { readonly outfile: string; readonly write: boolean },
): ReturnType<Esbuild["build"]> {
  return esbuild.build({
    ...output,
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
