import { relative } from "node:path";

/** The estate cannot be rendered. The message says what to mend, and names the file. */
export class EstateError extends Error {
  override readonly name = "EstateError";
}

const framesMax = 3;

/** What someone who edits `stacks/` needs of an error: its message, and the places in our own files. */
export function explain(error: unknown, root: string): string {
  if (!(error instanceof Error)) return String(error);
  const places = ownFrames(error.stack ?? "", root);
  const cause = error.cause instanceof Error ? `\n${error.cause.message}` : "";
  const where = places.length > 0 ? `\n  at ${places.join("\n  at ")}` : "";
  return `${error.message}${cause}${where}`;
}

/** Frames in `sst.config.ts` and `stacks/`, relative to the root: those of SST and Pulumi say nothing to a reader. */
function ownFrames(stack: string, root: string): string[] {
  const frames = [...stack.matchAll(/(?:file:\/\/)?(\/[^\s()]+\.ts:\d+):\d+/g)]
    .map((match) => relative(root, match[1] ?? ""))
    .filter((path) => path.startsWith("stacks/") || path.startsWith("sst.config.ts"));
  return [...new Set(frames)].slice(0, framesMax);
}
