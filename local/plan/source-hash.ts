import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";

/** Folders whose files decide what the estate is, and which of their files do. */
const sources: readonly { readonly folder: string; readonly isSource: RegExp }[] = [
  { folder: "stacks", isSource: /\.[jt]s$/ },
  { folder: "workflows", isSource: /\.asl\.json$/ },
  // Another renderer may render the same estate differently.
  { folder: "tests/estate/render", isSource: /\.ts$/ },
];

/**
 * Hash over all that a lock of the estate is rendered from: `sha256:<hex>`. Equal to the lock's `source_hash`, the
 * lock is fresh. Needs neither SST nor the network.
 * @param root the project's folder.
 */
export function sourceHash(root: string): string {
  const files = [
    "sst.config.ts",
    ...sources.flatMap(({ folder, isSource }) => filesIn(root, folder, isSource)),
  ];
  const hash = createHash("sha256");
  for (const file of files.sort()) {
    const contents = createHash("sha256")
      .update(readFileSync(join(root, file)))
      .digest("hex");
    hash.update(`${file} ${contents}\n`);
  }
  hash.update(`sst ${sstVersion(root)}\n`);
  return `sha256:${hash.digest("hex")}`;
}

/** Paths relative to the root, with slashes on every system. */
function filesIn(root: string, folder: string, isSource: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && isSource.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"));
}

function sstVersion(root: string): string {
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    devDependencies?: Record<string, string>;
  };
  return manifest.devDependencies?.["sst"] ?? "";
}
