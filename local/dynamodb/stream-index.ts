import { DatabaseSync } from "node:sqlite";

const busyMsMax = 5_000;

/**
 * For the number of the next record, which each write asks for, and for reading a shard. SQLite uses an index on an
 * expression only where the query has the expression letter by letter.
 */
const indexes = `
  CREATE INDEX IF NOT EXISTS tallystick_next ON _stream_records
    (table_name, CAST(sequence_number AS INTEGER));
  CREATE INDEX IF NOT EXISTS tallystick_read ON _stream_records
    (table_name, shard_id, CAST(sequence_number AS INTEGER), sequence_number);`;

/**
 * Gives dynoxide's stream records the indexes that it makes none of: without them each write to a table with a stream,
 * and each look at a stream, reads all records that the file has, and none is ever deleted. Dynoxide may be running: it
 * sees them at its next statement.
 * @throws Error of SQLite when the file is damaged.
 */
export function indexStreams(databaseFile: string): void {
  const database = new DatabaseSync(databaseFile, { timeout: busyMsMax });
  try {
    database.exec(indexes);
  } finally {
    database.close();
  }
}
