import { XRayClient } from "@aws-sdk/client-xray";
import { type ReadTrace, type TracedPart, TraceReader } from "#adapters/xray/trace-reader.ts";
import type { StoreConnection } from "./connection.ts";
import { daysBetween, today } from "./days.ts";
import { clientOf } from "./stage-client.ts";
import { table } from "./table.ts";

export interface TracedRange {
  readonly since?: string | undefined;
  /** That day alone when left out. */
  readonly until?: string | undefined;
}

const dayMs = 86_400_000;

/** What the reconciler did with a file, step by step, each time that it came. X-Ray knows thirty days. */
export async function showFileTraces(
  connection: StoreConnection,
  file: string,
  { since = today(), until = since }: TracedRange,
): Promise<string> {
  const xray = new XRayClient(clientOf(connection));
  try {
    const reader = new TraceReader(xray);
    const found: ReadTrace[] = [];
    for (const day of daysBetween(since, until, Date.now())) {
      const from = new Date(`${day}T00:00:00Z`);
      found.push(...(await reader.find("file", file, from, new Date(from.getTime() + dayMs - 1))));
    }
    if (found.length === 0)
      return `no trace of ${file} is known on ${daysBetween(since, until, Date.now()).join(", ")} (UTC)`;
    return found.map(report).join("\n\n");
  } finally {
    xray.destroy();
  }
}

function report({ id, segments }: ReadTrace): string {
  return segments
    .map((segment) => {
      const { work, message, file: _, ...outcome } = segment.annotations;
      const began = new Date(segment.start_time * 1_000).toISOString();
      const title = [began, id, work, tookOf(segment), factsOf(outcome), wrongIn(segment)];
      const steps = table(["after", "took", "step", "", ""], stepsOf(segment, segment, ""));
      return `${title.filter((each) => each !== "").join("  ")}\nmessage ${message}\n${steps}`;
    })
    .join("\n");
}

/** Rows, those of a step within a step behind it. */
const stepsOf = (root: TracedPart, within: TracedPart, indent: string): readonly (readonly string[])[] =>
  within.subsegments.flatMap((each) => [
    [
      `${Math.round((each.start_time - root.start_time) * 1_000)} ms`,
      tookOf(each),
      `${indent}${[each.name, each.aws.operation].filter(Boolean).join(" ")}`,
      factsOf(each.metadata.facts),
      wrongIn(each),
    ],
    ...stepsOf(root, each, `${indent}  `),
  ]);

const tookOf = ({ start_time, end_time = start_time }: TracedPart): string =>
  `${Math.round((end_time - start_time) * 1_000)} ms`;

const factsOf = (facts: Readonly<Record<string, unknown>>): string =>
  Object.entries(facts)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(", ");

const wrongIn = ({ error, fault, cause }: TracedPart): string =>
  error || fault
    ? [fault ? "FAULT" : "ERROR", ...cause.exceptions.flatMap(({ type }) => type ?? [])].join(" ")
    : "";
