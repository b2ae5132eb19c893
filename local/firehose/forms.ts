import { setImmediate as othersTurn } from "node:timers/promises";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { DeliveryPlan, TargetTable } from "./delivery-plan.ts";
import { rowOf, Unfit } from "./openx.ts";
import { parquetOf } from "./parquet.ts";

/** A record of the stream, until it is delivered. */
export interface Arrived {
  readonly shardId: string;
  readonly sequenceNumber: string;
  readonly data: Uint8Array;
  /** Epoch milliseconds. */
  readonly at: number;
}

/** What a buffer of records becomes. */
export interface Formed {
  /** Undefined when none of them fits. */
  readonly object: { readonly body: Buffer; readonly encoding?: "gzip" } | undefined;
  readonly fitting: readonly Arrived[];
  /** Lines that say of each record that does not fit why, and hold it. */
  readonly asideBody: Buffer | undefined;
  readonly aside: readonly Arrived[];
}

const compressed = promisify(gzip);
/** About two milliseconds of work: payments go through the same thread. */
const recordsAtOnce = 100;

export async function formed(
  records: readonly Arrived[],
  { form }: Pick<DeliveryPlan, "form">,
  now: number,
): Promise<Formed> {
  if (form.kind === "parquet") return rowsOf(records, form.table, now);
  const end = Buffer.from(form.delimiter);
  const body = Buffer.concat(records.flatMap(({ data }) => [data, end]));
  return {
    object: form.gzip ? { body: await compressed(body), encoding: "gzip" } : { body },
    ...{ fitting: records, aside: [], asideBody: undefined },
  };
}

async function rowsOf(records: readonly Arrived[], table: TargetTable, now: number): Promise<Formed> {
  const rows: string[] = [];
  const fitting: Arrived[] = [];
  const aside: Arrived[] = [];
  const lines: string[] = [];
  for (const [index, record] of records.entries()) {
    if (index % recordsAtOnce === recordsAtOnce - 1) await othersTurn();
    try {
      rows.push(rowOf(record.data, table));
      fitting.push(record);
    } catch (thrown) {
      if (!(thrown instanceof Unfit)) throw thrown;
      aside.push(record);
      lines.push(asideLine(record, thrown, table, now));
    }
  }
  return {
    object: rows.length === 0 ? undefined : { body: await parquetOf(rows, table.columns) },
    ...{ fitting, aside },
    asideBody: lines.length === 0 ? undefined : Buffer.from(`${lines.join("\n")}\n`),
  };
}

/**
 * As Firehose writes it. AWS's page has two of the members as `ErrorCode` and `ErrorMessage`; in the objects that
 * people show they are called as here.
 */
function asideLine(
  { at, data, sequenceNumber }: Arrived,
  { code, message }: Unfit,
  { told }: TargetTable,
  now: number,
): string {
  return JSON.stringify({
    attemptsMade: 1,
    arrivalTimestamp: at,
    lastErrorCode: code,
    lastErrorMessage: message,
    attemptEndingTimestamp: now,
    rawData: Buffer.from(data).toString("base64"),
    sequenceNumber,
    subSequenceNumber: null,
    dataCatalogTable: told,
  });
}
