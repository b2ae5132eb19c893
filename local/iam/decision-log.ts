import { appendFileSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import type { Decision } from "./guard.ts";

const decisionSchema = z.object({
  roleArn: z.string(),
  action: z.string(),
  resource: z.string(),
  verdict: z.enum(["allowed", "explicitly_denied", "implicitly_denied"]),
});

/** Roles × actions × resources of an estate are a few hundred; whatever is beyond is not written down. */
const decisionsMax = 10_000;

/**
 * Appends decisions to a file of JSON lines, each once, so that the runs of a whole test suite share one.
 * Written at once: there are few, and a test that is killed keeps what it showed.
 */
export function decisionLog(path: string): (decision: Decision) => void {
  const written = new Set<string>();
  mkdirSync(dirname(path), { recursive: true });
  return ({ roleArn, action, resource, verdict }) => {
    const line = JSON.stringify({ roleArn, action, resource, verdict });
    if (written.has(line) || written.size >= decisionsMax) return;
    written.add(line);
    appendFileSync(path, `${line}\n`);
  };
}

/** The decisions in such a file. @throws Error when a line is none. */
export function decisionsIn(text: string): readonly Decision[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => decisionSchema.parse(JSON.parse(line)));
}
