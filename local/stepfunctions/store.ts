import { createHash } from "node:crypto";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import type { HistoryEvent } from "./history.ts";
import type { JournalRecord, Mark } from "./journal.ts";
import type { MachineType } from "./machine.ts";

export type ExecutionStatus = "ABORTED" | "FAILED" | "RUNNING" | "SUCCEEDED" | "TIMED_OUT";

/** A state machine's definition as an execution was started with it. */
export interface StoredDefinition {
  readonly arn: string;
  readonly name: string;
  readonly type: MachineType;
  /** JSON text. */
  readonly definition: string;
  readonly roleArn: string;
}

/** A Standard execution as it is kept. Times are epoch milliseconds; input and output are JSON texts. */
export interface StoredExecution {
  readonly id: number;
  readonly arn: string;
  readonly name: string;
  readonly machineArn: string;
  readonly definitionId: number;
  readonly input: string;
  readonly status: ExecutionStatus;
  readonly startedAt: number;
  readonly stoppedAt: number | null;
  readonly output: string | null;
  readonly error: string | null;
  readonly cause: string | null;
  readonly redriveCount: number;
  readonly redrivenAt: number | null;
  /** The client's token of the last redrive. */
  readonly redriveToken: string | null;
}

export type StatusFilter = ExecutionStatus | "PENDING_REDRIVE";

export interface ListRequest {
  readonly machineArn: string;
  readonly status: StatusFilter | undefined;
  readonly redriven: boolean | undefined;
  /** Those that started before this one. */
  readonly beforeId: number;
  readonly limit: number;
}

/** AWS keeps closed executions, and so their names, for 90 days. */
const retentionMs = 90 * 86_400_000;
/** Closed executions that are kept at most; the earliest go first. */
const retainedMax = 50_000;
const prunedAtOnceMax = 1_000;
const createsBetweenPrunes = 1_000;

// One row for each step. An event's row has note 0; steps that are no events follow the event before them.
const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 5000;
  PRAGMA wal_autocheckpoint = 8192;
  PRAGMA user_version = 1;
  CREATE TABLE IF NOT EXISTS definitions (
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, arn TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    definition TEXT NOT NULL, role_arn TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, arn TEXT NOT NULL UNIQUE, name TEXT NOT NULL, machine_arn TEXT NOT NULL,
    definition_id INTEGER NOT NULL, input TEXT NOT NULL, status TEXT NOT NULL, started_at INTEGER NOT NULL,
    stopped_at INTEGER, output TEXT, error TEXT, cause TEXT, redrive_count INTEGER NOT NULL DEFAULT 0,
    redriven_at INTEGER, redrive_token TEXT, announced INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS executions_by_machine ON executions (machine_arn, id);
  CREATE INDEX IF NOT EXISTS executions_running ON executions (id) WHERE status = 'RUNNING';
  CREATE INDEX IF NOT EXISTS executions_unannounced ON executions (id) WHERE announced = 0;
  CREATE TABLE IF NOT EXISTS steps (
    execution INTEGER NOT NULL, event INTEGER NOT NULL, note INTEGER NOT NULL, scope TEXT NOT NULL,
    at INTEGER NOT NULL, type TEXT, previous INTEGER, details TEXT, mark TEXT,
    PRIMARY KEY (execution, event, note)
  ) STRICT, WITHOUT ROWID;
`;

const schemaVersion = 1;

/** The file is not what this wrote, or what another version of it wrote. */
export class UnreadableStore extends Error {
  override readonly name = "UnreadableStore";

  constructor(cause: unknown) {
    super("the store of executions cannot be read", { cause });
  }
}

const executionColumns = `id, arn, name, machine_arn AS machineArn, definition_id AS definitionId, input, status,
  started_at AS startedAt, stopped_at AS stoppedAt, output, error, cause, redrive_count AS redriveCount,
  redriven_at AS redrivenAt, redrive_token AS redriveToken`;

/**
 * Standard executions and their journals. What was written is kept once `flush` has returned, which it does by itself
 * at the end of each turn of the event loop: then it survives the death of the process, though not of the machine.
 */
export class ExecutionStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #announced: 0 | 1;
  #writing = false;
  #createsUntilPrune = 0;

  /**
   * @param file `undefined` keeps everything in memory, and loses it with the process
   * @param announcing whether anyone is told of statuses; what changes while nobody is, is never announced
   * @throws UnreadableStore
   */
  constructor(file: string | undefined, announcing: boolean) {
    this.#announced = announcing ? 0 : 1;
    try {
      this.#database = new DatabaseSync(file ?? ":memory:");
      const version = Number(this.#database.prepare("PRAGMA user_version").get()?.["user_version"]);
      if (version !== 0 && version !== schemaVersion) throw new Error(`its version is ${version}`);
      this.#database.exec(schema);
    } catch (thrown) {
      throw new UnreadableStore(thrown);
    }
  }

  close(): void {
    this.flush();
    this.#database.close();
  }

  /** Keeps what was written so far. Call it before anyone is told of that. */
  flush(): void {
    if (!this.#writing) return;
    this.#writing = false;
    this.#database.exec("COMMIT");
  }

  /** The id of a definition, which is kept once however many executions start with it. */
  keepDefinition({ arn, name, type, definition, roleArn }: StoredDefinition): number {
    const hash = createHash("sha256")
      .update(JSON.stringify([arn, name, type, definition, roleArn]))
      .digest("hex");
    this.#writer(
      `INSERT INTO definitions (hash, arn, name, type, definition, role_arn) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (hash) DO NOTHING`,
    ).run(hash, arn, name, type, definition, roleArn);
    const row = this.#prepare("SELECT id FROM definitions WHERE hash = ?").get(hash);
    return Number(row?.["id"]);
  }

  definition(id: number): StoredDefinition {
    const row = this.#prepare(
      "SELECT arn, name, type, definition, role_arn AS roleArn FROM definitions WHERE id = ?",
    ).get(id);
    if (row === undefined) throw new Error(`there is no definition ${id}`);
    return rowAs<StoredDefinition>(row);
  }

  /** Throws when there is an execution of that ARN. */
  create(
    execution: Pick<StoredExecution, "arn" | "definitionId" | "input" | "machineArn" | "name" | "startedAt">,
  ): number {
    this.#createsUntilPrune -= 1;
    if (this.#createsUntilPrune < 0) {
      this.#createsUntilPrune = createsBetweenPrunes;
      this.#prune(execution.startedAt);
    }
    const { arn, name, machineArn, definitionId, input, startedAt } = execution;
    const { lastInsertRowid } = this.#writer(
      `INSERT INTO executions (arn, name, machine_arn, definition_id, input, status, started_at, announced)
       VALUES (?, ?, ?, ?, ?, 'RUNNING', ?, ?)`,
    ).run(arn, name, machineArn, definitionId, input, startedAt, this.#announced);
    return Number(lastInsertRowid);
  }

  find(arn: string): StoredExecution | undefined {
    const row = this.#prepare(`SELECT ${executionColumns} FROM executions WHERE arn = ?`).get(arn);
    return row === undefined ? undefined : rowAs<StoredExecution>(row);
  }

  get(id: number): StoredExecution {
    const row = this.#prepare(`SELECT ${executionColumns} FROM executions WHERE id = ?`).get(id);
    if (row === undefined) throw new Error(`there is no execution ${id}`);
    return rowAs<StoredExecution>(row);
  }

  /** The latest first. */
  list({ machineArn, status, redriven, beforeId, limit }: ListRequest): readonly StoredExecution[] {
    const rows = this.#prepare(
      `SELECT ${executionColumns} FROM executions WHERE machine_arn = ? AND id < ?
       AND (? IS NULL OR status = ?) AND (? IS NULL OR (redrive_count > 0) = ?) ORDER BY id DESC LIMIT ?`,
    ).all(
      ...[machineArn, beforeId, status ?? null, status ?? null],
      ...[redriven === undefined ? null : Number(redriven), redriven === undefined ? null : Number(redriven)],
      limit,
    );
    return rows.map((row) => rowAs<StoredExecution>(row));
  }

  /** Ids of what had not ended. */
  running(): readonly number[] {
    const rows = this.#prepare("SELECT id FROM executions WHERE status = 'RUNNING' ORDER BY id").all();
    return rows.map((row) => Number(row["id"]));
  }

  /** Ids of those whose latest status nobody has been told. */
  unannounced(): readonly number[] {
    const rows = this.#prepare("SELECT id FROM executions WHERE announced = 0 ORDER BY id").all();
    return rows.map((row) => Number(row["id"]));
  }

  /** Notes that a status was announced, unless the execution has another one by now. */
  announce(id: number, status: ExecutionStatus, redriveCount: number): void {
    this.#writer("UPDATE executions SET announced = 1 WHERE id = ? AND status = ? AND redrive_count = ?").run(
      id,
      status,
      redriveCount,
    );
  }

  record(id: number, event: HistoryEvent, scope: string, mark: Mark | undefined): void {
    this.#writer(
      `INSERT INTO steps (execution, event, note, scope, at, type, previous, details, mark)
       VALUES (?, ?, 0, ?, ?, ?, ?, ?, ?)`,
    ).run(
      ...[id, event.id, scope, event.timestamp, event.type, event.previousEventId],
      ...[JSON.stringify(event.details), mark === undefined ? null : JSON.stringify(mark)],
    );
  }

  /** @param note counts from 1 behind each event */
  note(id: number, eventId: number, note: number, scope: string, mark: Mark): void {
    this.#writer("INSERT INTO steps (execution, event, note, scope, at, mark) VALUES (?, ?, ?, ?, 0, ?)").run(
      id,
      eventId,
      note,
      scope,
      JSON.stringify(mark),
    );
  }

  /** Records an execution's last event and its end, together. */
  end(
    id: number,
    event: HistoryEvent,
    end: Pick<StoredExecution, "cause" | "error" | "output" | "status">,
  ): void {
    this.atomically(() => {
      this.record(id, event, "", undefined);
      this.#writer(
        `UPDATE executions SET status = ?, stopped_at = ?, output = ?, error = ?, cause = ?, announced = ?
         WHERE id = ?`,
      ).run(end.status, event.timestamp, end.output, end.error, end.cause, this.#announced, id);
    });
  }

  /** Opens an execution again, with the event that says so. */
  redrive(id: number, event: HistoryEvent, token: string | undefined): void {
    this.atomically(() => {
      this.record(id, event, "", undefined);
      this.#writer(
        `UPDATE executions SET status = 'RUNNING', stopped_at = NULL, output = NULL, error = NULL, cause = NULL,
         redrive_count = redrive_count + 1, redriven_at = ?, redrive_token = ?, announced = ? WHERE id = ?`,
      ).run(event.timestamp, token ?? null, this.#announced, id);
    });
  }

  lastEventId(id: number): number {
    const row = this.#prepare("SELECT max(event) AS last FROM steps WHERE execution = ?").get(id);
    return Number(row?.["last"] ?? 0);
  }

  /** Events behind `fromId`, in the order asked for. */
  events(id: number, fromId: number, limit: number, reverse: boolean): readonly HistoryEvent[] {
    const rows = this.#prepare(
      `SELECT * FROM steps WHERE execution = ? AND note = 0 AND event ${reverse ? "<" : ">"} ?
       ORDER BY event ${reverse ? "DESC" : "ASC"} LIMIT ?`,
    ).all(id, fromId, limit);
    return rows.map(eventOf);
  }

  /** Every step, in order. */
  *journal(id: number): Generator<JournalRecord> {
    const rows = this.#prepare("SELECT * FROM steps WHERE execution = ? ORDER BY event, note").iterate(id);
    for (const row of rows) {
      const mark = row["mark"];
      yield {
        scope: String(row["scope"]),
        event: row["type"] === null ? undefined : eventOf(row),
        mark: typeof mark === "string" ? (JSON.parse(mark) as Mark) : undefined,
      };
    }
  }

  remove(id: number): void {
    this.atomically(() => {
      this.#writer("DELETE FROM steps WHERE execution = ?").run(id);
      this.#writer("DELETE FROM executions WHERE id = ?").run(id);
    });
  }

  /** Whether AWS would have forgotten a closed execution, and with it its name. */
  isForgotten({ stoppedAt }: StoredExecution, now: number): boolean {
    return stoppedAt !== null && stoppedAt + retentionMs < now;
  }

  #prune(now: number): void {
    const rows = this.#prepare(
      `SELECT id FROM executions WHERE stopped_at IS NOT NULL AND (stopped_at < ? OR id <= (
         SELECT id FROM executions WHERE stopped_at IS NOT NULL ORDER BY id DESC LIMIT 1 OFFSET ?
       )) ORDER BY id LIMIT ?`,
    ).all(now - retentionMs, retainedMax, prunedAtOnceMax);
    for (const row of rows) this.remove(Number(row["id"]));
  }

  /** Keeps all that `work` writes, or none of it. */
  atomically(work: () => void): void {
    // Nothing is kept before the turn ends, or before `work` has come back.
    this.#write();
    work();
  }

  #writer(sql: string): StatementSync {
    this.#write();
    return this.#prepare(sql);
  }

  /** One commit for all that happens in a turn: each costs as much as a dozen rows. */
  #write(): void {
    if (this.#writing) return;
    this.#writing = true;
    this.#database.exec("BEGIN");
    setImmediate(() => this.flush());
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

type Row = Record<string, SQLOutputValue>;

// The columns are named and typed (STRICT) as the interfaces are.
function rowAs<T>(row: Row): T {
  return { ...row } as unknown as T;
}

function eventOf(row: Row): HistoryEvent {
  return {
    type: row["type"],
    id: row["event"],
    previousEventId: row["previous"],
    timestamp: row["at"],
    details: JSON.parse(String(row["details"])),
  } as unknown as HistoryEvent;
}
