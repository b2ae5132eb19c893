import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
} from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import type { Client } from "pg";

/** What streaming ingestion reads with: the name of the stream, and the door as the reader's role. */
export interface IngestionOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/** A shard is read five times a second by all together: whoever comes sixth waits. */
const attemptsMax = 20;
/** Pages of one refresh and shard: what is left comes with the next. */
const pagesMax = 2_000;
/** Of each shard one page is in memory at a time, and one statement writes it: some megabytes of events. */
const pageRecordsMax = 2_000;

/** How far each view has read each shard. Redshift keeps that to itself; here it lies beside the views. */
const placesTable = `CREATE TABLE IF NOT EXISTS public.ingestion_places (
  view_name text NOT NULL, shard_id text NOT NULL, sequence_number text NOT NULL, PRIMARY KEY (view_name, shard_id))`;

/** Does one thing after the other: a connection has one transaction at a time. */
type InTurn = <Result>(work: () => Promise<Result>) => Promise<Result>;

interface Reading {
  readonly database: Client;
  readonly view: string;
  readonly stream: string;
  readonly shard: string;
  readonly refreshedAt: Date;
}

interface Read {
  readonly shard: string;
  readonly at: Date;
  readonly sequence: string;
  readonly text: string;
}

/**
 * Redshift's streaming ingestion: to refresh a view over a stream appends what the stream has got since. Here such a view
 * is a table of the same columns, and what is read and how far are written in one transaction.
 */
export class Ingestion {
  readonly #kinesis: KinesisClient;
  /** One refresh after another, as Redshift's locks have it. */
  #refreshing: Promise<void> = Promise.resolve();

  constructor({ endpoint, region, credentials }: IngestionOptions) {
    this.#kinesis = new KinesisClient({
      ...{ endpoint, region, credentials },
      maxAttempts: attemptsMax,
      requestHandler: new NodeHttpHandler(),
    });
  }

  stop(): void {
    this.#kinesis.destroy();
  }

  /** @throws Error for what is not a view over a stream. */
  refresh(database: Client, view: string): Promise<void> {
    const refreshed = this.#refreshing.then(() => this.#refresh(database, view));
    this.#refreshing = refreshed.catch(() => undefined);
    return refreshed;
  }

  async #refresh(database: Client, view: string): Promise<void> {
    await database.query(placesTable);
    const stream = await streamOf(database, view);
    const { Shards = [] } = await this.#kinesis.send(new ListShardsCommand({ StreamName: stream }));
    // As on Redshift, all that one refresh brings has one time, and no two refreshes have the same.
    const { rows } = await database.query<{ now: Date }>("SELECT clock_timestamp()::timestamp(3) AS now");
    const refreshedAt = rows[0]?.now ?? new Date();
    // Shards are read beside each other, each at its own rate. What they bring is written one after the other.
    let written: Promise<unknown> = Promise.resolve();
    const inTurn: InTurn = (work) => {
      const done = written.then(work);
      written = done.catch(() => undefined);
      return done;
    };
    await Promise.all(
      Shards.map(({ ShardId: shard = "" }) =>
        this.#readShard({ database, view, stream, shard, refreshedAt }, inTurn),
      ),
    );
  }

  async #readShard({ database, view, stream, shard, refreshedAt }: Reading, inTurn: InTurn): Promise<void> {
    const places = await inTurn(() =>
      database.query<{ sequence_number: string }>(
        "SELECT sequence_number FROM public.ingestion_places WHERE view_name = $1 AND shard_id = $2",
        [view, shard],
      ),
    );
    const after = places.rows[0]?.sequence_number;
    let { ShardIterator: next } = await this.#kinesis.send(
      new GetShardIteratorCommand({
        ...{ StreamName: stream, ShardId: shard },
        ...(after === undefined
          ? { ShardIteratorType: "TRIM_HORIZON" }
          : { ShardIteratorType: "AFTER_SEQUENCE_NUMBER", StartingSequenceNumber: after }),
      }),
    );
    for (let page = 0; page < pagesMax && next !== undefined; page += 1) {
      const answer = await this.#kinesis.send(
        new GetRecordsCommand({ ShardIterator: next, Limit: pageRecordsMax }),
      );
      const records = (answer.Records ?? []).map(
        ({ Data, SequenceNumber = "", ApproximateArrivalTimestamp: at = refreshedAt }): Read => ({
          ...{ shard, at, sequence: SequenceNumber },
          text: Buffer.from(Data ?? []).toString(),
        }),
      );
      if (records.length > 0) await inTurn(() => append(database, view, records, refreshedAt));
      else if (answer.MillisBehindLatest === 0) return;
      next = answer.NextShardIterator;
    }
  }
}

/** Redshift reads it in the view's definition; here it is what was noted on the table. */
async function streamOf(database: Client, view: string): Promise<string> {
  const { rows } = await database.query<{ note: string | null }>(
    "SELECT obj_description(to_regclass($1), 'pg_class') AS note",
    [view],
  );
  const stream = /^stream (\S+)$/.exec(rows[0]?.note ?? "")?.[1];
  if (stream === undefined) throw new Error(`${view} is no materialized view over a stream`);
  return stream;
}

async function append(
  database: Client,
  view: string,
  records: readonly Read[],
  refreshedAt: Date,
): Promise<void> {
  const last = records.at(-1);
  await database.query("BEGIN");
  try {
    await database.query(
      `INSERT INTO ${view} (arrived_at, shard_id, sequence_number, refreshed_at, event, unreadable)
       SELECT at, shard, sequence, $5, CASE WHEN pg_input_is_valid(text, 'jsonb') THEN text::jsonb END,
              CASE WHEN pg_input_is_valid(text, 'jsonb') THEN NULL ELSE text END
       FROM unnest($1::timestamp[], $2::text[], $3::text[], $4::text[]) AS read (at, shard, sequence, text)`,
      [
        records.map(({ at }) => at),
        records.map(({ shard }) => shard),
        records.map(({ sequence }) => sequence),
        // No text of PostgreSQL has this character.
        records.map(({ text }) => text.replaceAll("\u0000", "\ufffd")),
        refreshedAt,
      ],
    );
    await database.query(
      `INSERT INTO public.ingestion_places VALUES ($1, $2, $3)
       ON CONFLICT (view_name, shard_id) DO UPDATE SET sequence_number = excluded.sequence_number`,
      [view, last?.shard, last?.sequence],
    );
    await database.query("COMMIT");
  } catch (thrown) {
    await database.query("ROLLBACK");
    throw thrown;
  }
}
