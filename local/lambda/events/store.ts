import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** An event that Lambda accepted and has not done with. */
export interface StoredEvent {
  readonly requestId: string;
  /** Name of the function on AWS. */
  readonly functionName: string;
  /** JSON text. */
  readonly payload: string;
  readonly trace: string | undefined;
  /** Epoch milliseconds. */
  readonly acceptedAtMs: number;
  /** Invocations that failed in the function. */
  readonly failures: number;
}

/** Where accepted events are kept: an event that was answered 202 is not lost with the process. */
export interface EventStore {
  all(): readonly StoredEvent[];
  put(event: StoredEvent): void;
  remove(requestId: string): void;
  close(): void;
}

/** Keeps events for as long as the process lives. */
export function memoryEventStore(): EventStore {
  const events = new Map<string, StoredEvent>();
  return {
    all: () => [...events.values()],
    put: (event) => void events.set(event.requestId, event),
    remove: (requestId) => void events.delete(requestId),
    close: () => undefined,
  };
}

/** Keeps events in a file, in the order of their acceptance. `kill -9` loses none. */
export function fileEventStore(path: string): EventStore {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path);
  // Not synced to the disk: a process that dies loses nothing, and a laptop that loses power may lose the last ones.
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS events (
      position INTEGER PRIMARY KEY, request_id TEXT UNIQUE, function_name TEXT, payload TEXT, trace TEXT,
      accepted_at_ms INTEGER, failures INTEGER)`);
  const select = database.prepare("SELECT * FROM events ORDER BY position");
  const upsert = database.prepare(`INSERT INTO events
    (request_id, function_name, payload, trace, accepted_at_ms, failures) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (request_id) DO UPDATE SET failures = excluded.failures`);
  const drop = database.prepare("DELETE FROM events WHERE request_id = ?");
  return {
    all: () =>
      select.all().map((row) => ({
        requestId: String(row["request_id"]),
        functionName: String(row["function_name"]),
        payload: String(row["payload"]),
        trace: row["trace"] === null ? undefined : String(row["trace"]),
        acceptedAtMs: Number(row["accepted_at_ms"]),
        failures: Number(row["failures"]),
      })),
    put: (event) =>
      void upsert.run(
        event.requestId,
        event.functionName,
        event.payload,
        event.trace ?? null,
        event.acceptedAtMs,
        event.failures,
      ),
    remove: (requestId) => void drop.run(requestId),
    close: () => database.close(),
  };
}
