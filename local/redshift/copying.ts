import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Client } from "pg";
import type { IngestionOptions } from "./ingestion.ts";

/** What of COPY is understood: lines that have one column, from compressed objects below a name. */
export interface CopyStatement {
  readonly table: string;
  readonly column: string;
  readonly bucket: string;
  readonly prefix: string;
  /** What parts columns: a line that has it has more than one. */
  readonly delimiter: string;
}

const copyForm =
  /^\s*COPY\s+([a-z_]\w*\.[a-z_]\w*)\s*\(\s*([a-z_]\w*)\s*\)\s+FROM\s+'s3:\/\/([^/']+)\/([^']+)'\s+IAM_ROLE\s+default\s+GZIP\s+DELIMITER\s+'\\(\d{3})'\s+ACCEPTINVCHARS\s+TRUNCATECOLUMNS\s+MAXERROR\s+\d+(?:\s+(?:COMPUPDATE|STATUPDATE)\s+OFF)*\s*;?\s*$/i;

/** Undefined for any other statement, another COPY among them. */
export function copyStatement(sql: string): CopyStatement | undefined {
  const [, table, column, bucket, prefix, octal] = copyForm.exec(sql) ?? [];
  if (table === undefined || column === undefined || bucket === undefined) return undefined;
  const delimiter = String.fromCharCode(Number.parseInt(octal ?? "", 8));
  return { table, column, bucket, prefix: prefix ?? "", delimiter };
}

/** Redshift's longest varchar, in bytes: what is longer is cut. */
const columnBytesMax = 65_535;
/** Redshift's longest row; what is longer is an error of its line. */
const lineBytesMax = 4 * 1024 * 1024;
/** Of one statement to PostgreSQL. */
const batchLinesMax = 1_000;
const batchBytesMax = 1024 * 1024;
const listedMax = 1_000;

/** What Redshift notes of lines that it leaves out; here it lies beside the views. */
const errorsTable = `CREATE TABLE IF NOT EXISTS public.sys_load_error_detail (
  start_time timestamp NOT NULL DEFAULT (now() AT TIME ZONE 'UTC'), file_name text NOT NULL, line_number bigint NOT NULL,
  error_message text NOT NULL)`;

/**
 * Redshift's COPY from S3: what it reads, it reads in the name of the namespace's role. Objects come one after the other,
 * and of each as much at a time as one statement takes: a day of any size needs the same memory.
 */
export class Copying {
  readonly #s3: S3Client;

  constructor({ endpoint, region, credentials }: IngestionOptions) {
    this.#s3 = new S3Client({ endpoint, region, credentials, requestHandler: new NodeHttpHandler() });
  }

  stop(): void {
    this.#s3.destroy();
  }

  /** @throws Error where nothing has that name, or the role may not read it. */
  async copy(database: Client, statement: CopyStatement): Promise<void> {
    const { bucket, prefix } = statement;
    await database.query(errorsTable);
    let objects = 0;
    let ContinuationToken: string | undefined;
    do {
      const page = await this.#s3.send(
        new ListObjectsV2Command({
          ...{ Bucket: bucket, Prefix: prefix, MaxKeys: listedMax },
          ...(ContinuationToken !== undefined && { ContinuationToken }),
        }),
      );
      for (const { Key = "" } of page.Contents ?? []) {
        await this.#copyObject(database, statement, Key);
        objects += 1;
      }
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    if (objects === 0) throw new Error(`The specified S3 prefix '${prefix}' does not exist`);
  }

  async #copyObject(database: Client, statement: CopyStatement, key: string): Promise<void> {
    const { table, column, bucket, delimiter } = statement;
    const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    if (!(Body instanceof Readable)) throw new Error(`s3://${bucket}/${key} has no body`);
    const unpacked = Body.compose(createGunzip());
    let lines: string[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (lines.length > 0)
        await database.query(`INSERT INTO ${table} (${column}) SELECT unnest($1::text[])`, [lines]);
      [lines, bytes] = [[], 0];
    };
    let number = 0;
    for await (const line of linesOf(unpacked)) {
      number += 1;
      const flaw = flawOf(line, delimiter);
      if (flaw === undefined) {
        lines.push(line.subarray(0, columnBytesMax).toString().replaceAll("\ufffd", "?"));
        bytes += line.length;
      } else
        await database.query(
          "INSERT INTO public.sys_load_error_detail (file_name, line_number, error_message) VALUES ($1, $2, $3)",
          [`s3://${bucket}/${key}`, number, flaw],
        );
      if (lines.length >= batchLinesMax || bytes >= batchBytesMax) await flush();
    }
    await flush();
  }
}

function flawOf(line: Buffer, delimiter: string): string | undefined {
  if (line.length > lineBytesMax) return "Line too long";
  if (line.includes(0)) return "Invalid null byte - field longer than 1 byte";
  return line.includes(delimiter) ? "Extra column(s) found" : undefined;
}

/** Lines without their ends. Of one that is too long, no more than shows it. */
async function* linesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, end)]);
      [rest, length, from] = [[], 0, end + 1];
    }
    if (length <= lineBytesMax) rest.push(chunk.subarray(from));
    length += chunk.length - from;
  }
  if (length > 0) yield Buffer.concat(rest);
}
