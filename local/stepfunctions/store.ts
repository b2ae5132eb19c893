import { createHash } from "node:crypto";
import { DatabaseSync, type SQLOutputValue, type StatementSync } from "node:sqlite";
import type { HistoryEvent } from "./history.ts";
import type { JournalRecord } from "./journal.ts";
import { packRecords, unpackRecords } from "./journal-rows.ts";
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

// A row of steps is what one execution did between two commits. Short columns come first: a long input fills pages of
// its own, which a look at the status should not read.
const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  PRAGMA busy_timeout = 5000;
  PRAGMA wal_autocheckpoint = 8192;
  PRAGMA user_version = 2;
  CREATE TABLE IF NOT EXISTS definitions (
    id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, arn TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    definition TEXT NOT NULL, role_arn TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS executions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, status TEXT NOT NULL, started_at INTEGER NOT NULL, stopped_at INTEGER,
    redrive_count INTEGER NOT NULL DEFAULT 0, redriven_at INTEGER, redrive_token TEXT,
    definition_id INTEGER NOT NULL, arn TEXT NOT NULL UNIQUE, name TEXT NOT NULL, machine_arn TEXT NOT NULL,
    input TEXT NOT NULL, output TEXT, error TEXT, cause TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS executions_by_machine ON executions (machine_arn, id);
  CREATE TABLE IF NOT EXISTS unannounced (execution INTEGER PRIMARY KEY) STRICT;
  CREATE TABLE IF NOT EXISTS steps (
    execution INTEGER NOT NULL, row INTEGER NOT NULL, first_event INTEGER NOT NULL, last_event INTEGER NOT NULL,
    records TEXT NOT NULL, PRIMARY KEY (execution, row)
  ) STRICT, WITHOUT ROWID;
`;

const schemaVersion = 2;

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
 * Standard executions and their journals. What was written is kept once `kept` has resolved: then it survives the death
 * of the process, though not of the machine. There is one commit for all that can happen without waiting for anything.
 */
export class ExecutionStore {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #announcing: boolean;
  /** Steps by execution that are not in a row yet. */
  readonly #steps = new Map<number, JournalRecord[]>();
  #commit: PromiseWithResolvers<void> | undefined;
  #createsUntilPrune = 0;

  /**
   * @param file `undefined` keeps everything in memory, and loses it with the process
   * @param announcing whether anyone is told of statuses; what changes while nobody is, is never announced
   * @throws UnreadableStore
   */
  constructor(file: string | undefined, announcing: boolean) {
    this.#announcing = announcing;
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

  /** Resolves when what was written so far is kept. Wait for it before anyone is told of that. */
  kept(): Promise<void> {
    return this.#commit?.promise ?? Promise.resolve();
  }

  /** Keeps what was written so far, now. */
  flush(): void {
    const commit = this.#commit;
    if (commit === undefined) return;
    this.#writeSteps();
    this.#commit = undefined;
    this.#database.exec("COMMIT");
    commit.resolve();
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
    given: Pick<StoredExecution, "arn" | "definitionId" | "input" | "machineArn" | "name" | "startedAt">,
  ): StoredExecution {
    this.#createsUntilPrune -= 1;
    if (this.#createsUntilPrune < 0) {
      this.#createsUntilPrune = createsBetweenPrunes;
      this.#prune(given.startedAt);
    }
    const { arn, name, machineArn, definitionId, input, startedAt } = given;
    const { lastInsertRowid } = this.#writer(
      `INSERT INTO executions (arn, name, machine_arn, definition_id, input, status, started_at)
       VALUES (?, ?, ?, ?, ?, 'RUNNING', ?)`,
    ).run(arn, name, machineArn, definitionId, input, startedAt);
    const id = Number(lastInsertRowid);
    this.#toAnnounce(id);
    const nothing = { stoppedAt: null, output: null, error: null, cause: null };
    return {
      ...{ id, ...given, ...nothing, status: "RUNNING" },
      ...{ redriveCount: 0, redrivenAt: null, redriveToken: null },
    };
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
    const rows = this.#prepare("SELECT execution FROM unannounced ORDER BY execution").all();
    return rows.map((row) => Number(row["execution"]));
  }

  /** Notes that the latest status of an execution was announced. */
  announced(id: number): void {
    this.#writer("DELETE FROM unannounced WHERE execution = ?").run(id);
  }

  #toAnnounce(id: number): void {
    if (this.#announcing) this.#writer("INSERT OR IGNORE INTO unannounced (execution) VALUES (?)").run(id);
  }

  /** Adds a step to an execution's journal. Nothing may change the record any more. */
  record(id: number, record: JournalRecord): void {
    this.#write();
    const steps = this.#steps.get(id);
    if (steps === undefined) this.#steps.set(id, [record]);
    else steps.push(record);
  }

  /** Closes an execution. Its last event is to be recorded with it. Returns it as it is now. */
  end(
    execution: StoredExecution,
    stoppedAt: number,
    end: Pick<StoredExecution, "cause" | "error" | "output" | "status">,
  ): StoredExecution {
    const { id } = execution;
    this.#writer(
      "UPDATE executions SET status = ?, stopped_at = ?, output = ?, error = ?, cause = ? WHERE id = ?",
    ).run(end.status, stoppedAt, end.output, end.error, end.cause, id);
    this.#toAnnounce(id);
    return { ...execution, ...end, stoppedAt };
  }

  /** Opens an execution again. The event that says so is to be recorded with it. Returns it as it is now. */
  redrive(execution: StoredExecution, redrivenAt: number, token: string | undefined): StoredExecution {
    const { id } = execution;
    this.#writer(
      `UPDATE executions SET status = 'RUNNING', stopped_at = NULL, output = NULL, error = NULL, cause = NULL,
       redrive_count = redrive_count + 1, redriven_at = ?, redrive_token = ? WHERE id = ?`,
    ).run(redrivenAt, token ?? null, id);
    this.#toAnnounce(id);
    return this.get(id);
  }

  lastEventId(id: number): number {
    this.#writeSteps();
    const row = this.#prepare("SELECT max(last_event) AS last FROM steps WHERE execution = ?").get(id);
    return Number(row?.["last"] ?? 0);
  }

  /** Events behind `fromId`, in the order asked for. */
  events(id: number, fromId: number, limit: number, reverse: boolean): readonly HistoryEvent[] {
    this.#writeSteps();
    const found: HistoryEvent[] = [];
    const rows = this.#prepare(
      `SELECT records FROM steps WHERE execution = ? AND last_event > 0
       AND ${reverse ? "first_event < ?" : "last_event > ?"} ORDER BY row ${reverse ? "DESC" : "ASC"}`,
    ).iterate(id, fromId);
    for (const row of rows) {
      const events = unpackRecords(String(row["records"])).flatMap(({ event }) => event ?? []);
      found.push(
        ...(reverse ? events.reverse() : events).filter((event) =>
          reverse ? event.id < fromId : event.id > fromId,
        ),
      );
      if (found.length >= limit) break;
    }
    return found.slice(0, limit);
  }

  /** Every step, in order. */
  *journal(id: number): Generator<JournalRecord> {
    this.#writeSteps();
    const rows = this.#prepare("SELECT records FROM steps WHERE execution = ? ORDER BY row").iterate(id);
    for (const row of rows) yield* unpackRecords(String(row["records"]));
  }

  remove(id: number): void {
    this.#steps.delete(id);
    for (const [table, key] of [
      ["steps", "execution"],
      ["unannounced", "execution"],
      ["executions", "id"],
    ])
      this.#writer(`DELETE FROM ${table} WHERE ${key} = ?`).run(id);
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

  /** One row for all that an execution did since the last one. */
  #writeSteps(): void {
    if (this.#steps.size === 0) return;
    const insert = this.#writer(
      `INSERT INTO steps (execution, row, first_event, last_event, records)
       VALUES (?, (SELECT ifnull(max(row), 0) + 1 FROM steps WHERE execution = ?), ?, ?, ?)`,
    );
    for (const [id, steps] of this.#steps) {
      const { firstEvent, lastEvent, records } = packRecords(steps);
      insert.run(id, id, firstEvent, lastEvent, records);
    }
    this.#steps.clear();
  }

  #writer(sql: string): StatementSync {
    this.#write();
    return this.#prepare(sql);
  }

  /**
   * Opens a commit for all that happens until nothing can go on without waiting: each costs as much as dozens of rows.
   * A tick comes after all promises that are settled by then, and before anything that arrives.
   */
  #write(): void {
    if (this.#commit !== undefined) return;
    this.#commit = Promise.withResolvers();
    this.#database.exec("BEGIN");
    queueMicrotask(() => process.nextTick(() => this.flush()));
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
