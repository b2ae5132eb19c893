import type { CallRecord } from "./call-log.ts";

const widthMax = { caller: 22, action: 34, resources: 44 };

/** One request's calls, in the order in which they started, for people: when, who, what, on what, how long, how large. */
export function reportOf(records: readonly CallRecord[]): readonly string[] {
  const ordered = records.toSorted((a, b) => a.sequence - b.sequence);
  const first = ordered[0]?.at ?? 0;
  const rows = ordered.map((record) => ({
    at: `+${record.at - first} ms`,
    caller: record.caller,
    action: `${record.service} ${record.action}`,
    resources: record.resources.join(", "),
    duration: `${record.durationMs.toFixed(1)} ms`,
    bytes: `${record.requestBytes} B → ${record.responseBytes} B`,
    error: remarksOf(record),
  }));
  const width = (of: (row: (typeof rows)[number]) => string, max = Number.POSITIVE_INFINITY) =>
    Math.min(max, Math.max(0, ...rows.map((row) => of(row).length)));
  const widths = {
    at: width((row) => row.at),
    caller: width((row) => row.caller, widthMax.caller),
    action: width((row) => row.action, widthMax.action),
    resources: width((row) => row.resources, widthMax.resources),
    duration: width((row) => row.duration),
    bytes: width((row) => row.bytes),
  };
  return rows.map((row) =>
    [
      "",
      row.at.padStart(widths.at),
      row.caller.padEnd(widths.caller),
      row.action.padEnd(widths.action),
      row.resources.padEnd(widths.resources),
      row.duration.padStart(widths.duration),
      row.bytes.padStart(widths.bytes),
      row.error,
    ]
      .join("  ")
      .trimEnd(),
  );
}

/** What was not as usual about a call. */
function remarksOf({ error, denied, fault }: CallRecord): string {
  const missing = denied === undefined ? undefined : `needs ${denied}`;
  const injected = fault === undefined ? undefined : `(injected ${fault})`;
  return [error, missing, injected].filter((remark) => remark !== undefined).join(" ");
}

/** `8 AWS calls, pay_…`: how many there are, and the payments that they name. */
export function titleOf(records: readonly CallRecord[]): string {
  const payments = new Set(records.flatMap((record) => record.payments));
  return [`${records.length} AWS call${records.length === 1 ? "" : "s"}`, ...payments].join(", ");
}

/** Calls of one API request, or of nobody's request: a person's, for example. */
export interface CallGroup {
  readonly trace: string | undefined;
  readonly records: readonly CallRecord[];
}

/** By request, in the order of their first calls. */
export function byTrace(records: readonly CallRecord[]): readonly CallGroup[] {
  const groups = Map.groupBy(records, ({ trace }) => trace);
  return [...groups].map(([trace, ofTrace]) => ({ trace, records: ofTrace }));
}
