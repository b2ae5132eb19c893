import { randomUUID } from "node:crypto";
import { Client, escapeIdentifier } from "pg";
import { z } from "zod";
import { errorAnswer, jsonAnswer } from "../door/answers.ts";
import type { AwsAnswer, AwsCall, Caller, Engine } from "../door/engine.ts";
import type { PostgresServer } from "../postgres/server.ts";
import { type Copying, copyStatement } from "./copying.ts";
import { asPostgres, refreshedView, withParameters } from "./dialect.ts";
import type { Ingestion } from "./ingestion.ts";
import type { WarehousePlan } from "./warehouse-plan.ts";

const target = {
  ...{ WorkgroupName: z.string(), Database: z.string(), StatementName: z.string().optional() },
  /** Of whom the statement is: the owner, whose password is in it. */
  SecretArn: z.string().optional(),
};
const parameters = z
  .array(z.object({ name: z.string(), value: z.string() }))
  .default([])
  .transform((list) => Object.fromEntries(list.map(({ name, value }) => [name, value])));
const inputs = {
  execute: z
    .object({ ...target, Sql: z.string().min(1), Parameters: parameters })
    .transform(({ Sql, ...rest }) => ({ ...rest, Sqls: [Sql] })),
  batch: z.object({ ...target, Sqls: z.array(z.string().min(1)).min(1).max(40), Parameters: parameters }),
  one: z.object({ Id: z.string(), NextToken: z.string().optional() }),
};
type Started = z.output<typeof inputs.batch>;

/** A page of a result: AWS's are cut by size. */
const pageRowsMax = 1_000;
/** Statements are remembered so long, as on AWS. */
const keptMs = 24 * 3_600_000;

interface Result {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

interface Statement {
  readonly id: string;
  readonly sql: string;
  readonly createdAt: number;
  status: "STARTED" | "FINISHED" | "FAILED";
  error?: string;
  durationMs?: number;
  result?: Result;
  /** Of a batch. */
  readonly parts: readonly Statement[];
}

export interface RedshiftOptions {
  readonly plan: WarehousePlan;
  /** Starts the database that stands in for Redshift. */
  readonly start: () => Promise<PostgresServer>;
  readonly ingestion: Ingestion;
  readonly copying: Copying;
  /** Epoch milliseconds. */
  readonly clock: () => number;
}

/** By the OIDs of PostgreSQL: what Redshift's Data API calls the types of columns that the warehouse has. */
const typeNames: Readonly<Record<number, string>> = {
  16: "bool",
  20: "int8",
  21: "int2",
  23: "int4",
  701: "float8",
  1082: "date",
  1114: "timestamp",
  1700: "numeric",
};
const numberTypes = new Set(["int2", "int4", "int8"]);

/**
 * The Data API of Redshift Serverless on PostgreSQL: statements run beside each other, a batch is a transaction, and
 * answers are fetched by the statement's id. It is PostgreSQL that answers, and not Redshift (docs/local-cloud.md).
 */
export class RedshiftEngine implements Engine {
  readonly service = "redshift-data";
  readonly #options: RedshiftOptions;
  readonly #statements = new Map<string, Statement>();
  readonly #running = new Set<Promise<void>>();
  #server: Promise<PostgresServer> | undefined;

  constructor(options: RedshiftOptions) {
    this.#options = options;
  }

  async handle({ action, body, caller }: AwsCall): Promise<AwsAnswer> {
    const input: unknown = JSON.parse(body.toString() || "{}");
    switch (action) {
      case "ExecuteStatement":
        return this.#start(caller, inputs.execute.safeParse(input));
      case "BatchExecuteStatement":
        return this.#start(caller, inputs.batch.safeParse(input), true);
      case "DescribeStatement":
        return this.#withStatement(input, (statement) => jsonAnswer(this.#describe(statement)));
      case "GetStatementResult":
        return this.#withStatement(input, resultOf);
      default:
        return errorAnswer(
          "UnknownOperationException",
          `The local Redshift Data API does not know ${action}.`,
        );
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#running);
    this.#options.ingestion.stop();
    this.#options.copying.stop();
    await (await this.#server?.catch(() => undefined))?.child.stop();
  }

  #start(caller: Caller, parsed: z.ZodSafeParseResult<Started>, isBatch = false): AwsAnswer {
    const { plan, clock } = this.#options;
    if (!parsed.success) return errorAnswer("ValidationException", z.prettifyError(parsed.error));
    const { data } = parsed;
    if (data.WorkgroupName !== plan.workgroupName)
      return errorAnswer("ValidationException", `Redshift endpoint doesn't exist in this region.`);
    if (data.Database !== plan.databaseName)
      return errorAnswer("ValidationException", `database "${data.Database}" does not exist`);
    const id = randomUUID();
    const statementOf = (sql: string, part?: number): Statement => ({
      id: part === undefined ? id : `${id}:${part}`,
      ...{ sql, createdAt: clock(), status: "STARTED", parts: [] },
    });
    const { WorkgroupName, Database, Sqls: sqls } = data;
    const statement: Statement = isBatch
      ? { ...statementOf(sqls.join(";\n")), parts: sqls.map((sql, index) => statementOf(sql, index + 1)) }
      : statementOf(sqls[0] ?? "");
    this.#forget();
    for (const each of [statement, ...statement.parts]) this.#statements.set(each.id, each);
    const running = this.#run(statement, data.Parameters, userOf(caller, data)).finally(() =>
      this.#running.delete(running),
    );
    this.#running.add(running);
    return jsonAnswer({ Id: id, CreatedAt: statement.createdAt / 1_000, WorkgroupName, Database });
  }

  #forget(): void {
    const oldest = this.#options.clock() - keptMs;
    for (const [id, { createdAt }] of this.#statements) if (createdAt < oldest) this.#statements.delete(id);
  }

  async #run(
    statement: Statement,
    values: Readonly<Record<string, string>>,
    user: string | undefined,
  ): Promise<void> {
    const began = performance.now();
    let database: Client | undefined;
    try {
      // As Redshift Serverless does, it sleeps until it is asked.
      database = new Client((await this.#started()).url);
      await database.connect();
      // Redshift's timestamps have no zone, and are what was written.
      await database.query("SET TIME ZONE 'UTC'");
      if (user !== undefined) await become(database, user);
      if (statement.parts.length === 0) statement.result = await this.#query(database, statement.sql, values);
      else await this.#runBatch(database, statement.parts, values);
      statement.status = "FINISHED";
    } catch (thrown) {
      statement.status = "FAILED";
      statement.error = `ERROR: ${(thrown as Error).message}`;
    } finally {
      statement.durationMs = performance.now() - began;
      await database?.end().catch(() => undefined);
    }
  }

  #started(): Promise<PostgresServer> {
    this.#server ??= this.#options.start().then(
      (server) => {
        // One that died is started again by the next statement.
        void server.child.ended.then(() => {
          this.#server = undefined;
        });
        return server;
      },
      (thrown: unknown) => {
        this.#server = undefined;
        throw thrown;
      },
    );
    return this.#server;
  }

  async #runBatch(
    database: Client,
    parts: readonly Statement[],
    values: Readonly<Record<string, string>>,
  ): Promise<void> {
    await database.query("BEGIN");
    for (const part of parts) {
      try {
        part.result = await this.#query(database, part.sql, values);
        part.status = "FINISHED";
      } catch (thrown) {
        part.status = "FAILED";
        part.error = `ERROR: ${(thrown as Error).message}`;
        await database.query("ROLLBACK");
        throw thrown;
      }
    }
    await database.query("COMMIT");
  }

  async #query(database: Client, sql: string, values: Readonly<Record<string, string>>): Promise<Result> {
    const view = refreshedView(sql);
    if (view !== undefined) {
      await this.#options.ingestion.refresh(database, view);
      return { columns: [], rows: [] };
    }
    const copied = copyStatement(sql);
    if (copied !== undefined) {
      await this.#options.copying.copy(database, copied);
      return { columns: [], rows: [] };
    }
    const { text, values: list } = withParameters(asPostgres(sql), values);
    const { fields = [], rows = [] } = await database.query<unknown[]>({
      ...{ text, values: [...list], rowMode: "array" },
      // As text, each of them: the Data API has forms of its own.
      types: { getTypeParser: () => (value: unknown) => value },
    });
    const columns = fields.map(({ name, dataTypeID }) => ({
      name,
      type: typeNames[dataTypeID] ?? "varchar",
    }));
    return { columns, rows };
  }

  #withStatement(
    input: unknown,
    answer: (statement: Statement, token: string | undefined) => AwsAnswer,
  ): AwsAnswer {
    const parsed = inputs.one.safeParse(input);
    if (!parsed.success) return errorAnswer("ValidationException", z.prettifyError(parsed.error));
    const statement = this.#statements.get(parsed.data.Id);
    return statement === undefined
      ? errorAnswer("ResourceNotFoundException", "Query does not exist.")
      : answer(statement, parsed.data.NextToken);
  }

  #describe(statement: Statement): object {
    const { id, sql, status, error, durationMs = 0, createdAt, result, parts } = statement;
    return {
      ...{ Id: id, QueryString: sql, Status: status, CreatedAt: createdAt / 1_000 },
      Duration: Math.round(durationMs * 1_000_000),
      ...(error === undefined ? {} : { Error: error }),
      HasResultSet: (result?.columns.length ?? 0) > 0,
      ResultRows: result?.rows.length ?? -1,
      ...(parts.length > 0 && { SubStatements: parts.map((part) => this.#describe(part)) }),
    };
  }
}

/** Whoever names no secret is a user of the database by his role; undefined for the owner, and for whoever runs this machine. */
const userOf = ({ roleArn }: Caller, { SecretArn }: Started): string | undefined =>
  roleArn === undefined || SecretArn !== undefined ? undefined : `IAMR:${roleArn.split("/").at(-1)}`;

/** As on Redshift, the user is made when he comes the first time, and may do what everybody may. */
async function become(database: Client, user: string): Promise<void> {
  const name = escapeIdentifier(user);
  const { rows } = await database.query("SELECT 1 FROM pg_roles WHERE rolname = $1", [user]);
  if (rows.length === 0) await database.query(`CREATE ROLE ${name}`);
  await database.query(`SET ROLE ${name}`);
}

function resultOf({ status, result }: Statement, token: string | undefined): AwsAnswer {
  if (status !== "FINISHED" || result === undefined || result.columns.length === 0)
    return errorAnswer(
      "ResourceNotFoundException",
      "Query does not have result. Please check query status with DescribeStatement.",
    );
  const from = Number(token ?? 0);
  const page = result.rows.slice(from, from + pageRowsMax);
  return jsonAnswer({
    ColumnMetadata: result.columns.map(({ name, type }) => ({
      name,
      label: name,
      typeName: type,
      nullable: 1,
    })),
    Records: page.map((row) =>
      row.map((value, index) => fieldOf(value, result.columns[index]?.type ?? "varchar")),
    ),
    TotalNumRows: result.rows.length,
    ...(from + pageRowsMax < result.rows.length && { NextToken: String(from + pageRowsMax) }),
  });
}

function fieldOf(value: unknown, type: string): object {
  if (value === null || value === undefined) return { isNull: true };
  if (numberTypes.has(type)) return { longValue: Number(value) };
  if (type === "float8") return { doubleValue: Number(value) };
  if (type === "bool") return { booleanValue: value === "t" };
  return { stringValue: String(value) };
}
