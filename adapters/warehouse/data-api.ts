import {
  BatchExecuteStatementCommand,
  DescribeStatementCommand,
  type DescribeStatementResponse,
  ExecuteStatementCommand,
  type Field,
  GetStatementResultCommand,
  RedshiftDataClient,
} from "@aws-sdk/client-redshift-data";

/** The first look comes after this many milliseconds, and each next one after twice as many, up to the last. */
const lookMs = { first: 25, last: 1_000 };
/** Redshift ends a statement after 15 minutes itself (stacks/warehouse.ts). */
const statementMsMax = 16 * 60_000;

export type Cell = string | number | boolean | null;
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** What the warehouse says to a statement that it does not carry out. */
export class StatementFailed extends Error {
  override readonly name = "StatementFailed";
}

export interface WarehouseAddress {
  readonly workgroup: string;
  readonly database: string;
  /** Of whom the statements are; of the caller's own role when left out. */
  readonly secretArn?: string;
}

/** SQL by the Data API, the warehouse's only door: each statement is started, looked at until it ends, and read. */
export class DataApi {
  readonly #client: RedshiftDataClient;
  readonly #where: { readonly WorkgroupName: string; readonly Database: string; readonly SecretArn?: string };

  constructor(client: RedshiftDataClient, { workgroup, database, secretArn }: WarehouseAddress) {
    this.#client = client;
    this.#where = {
      ...{ WorkgroupName: workgroup, Database: database },
      ...(secretArn !== undefined && { SecretArn: secretArn }),
    };
  }

  /** Carries out one statement, outside of any transaction. @throws StatementFailed */
  async execute(sql: string): Promise<void> {
    await this.#ended(
      (await this.#client.send(new ExecuteStatementCommand({ ...this.#where, Sql: sql }))).Id,
    );
  }

  /** Carries out statements, all or none. @throws StatementFailed that names the one that failed. */
  async transact(statements: readonly string[]): Promise<void> {
    const started = await this.#client.send(
      new BatchExecuteStatementCommand({ ...this.#where, Sqls: [...statements] }),
    );
    await this.#ended(started.Id);
  }

  /**
   * Asks.
   * @param parameters the values of `:name` in the text, as text.
   * @throws StatementFailed
   */
  async ask(sql: string, parameters: Readonly<Record<string, string>> = {}): Promise<Table> {
    const list = Object.entries(parameters).map(([name, value]) => ({ name, value }));
    const { Id } = await this.#client.send(
      new ExecuteStatementCommand({
        ...{ ...this.#where, Sql: sql },
        ...(list.length > 0 && { Parameters: list }),
      }),
    );
    const ended = await this.#ended(Id);
    if (ended.HasResultSet !== true) return { columns: [], rows: [] };
    return this.#read(Id);
  }

  async #read(Id: string | undefined): Promise<Table> {
    let columns: readonly string[] = [];
    const rows: (readonly Cell[])[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.#client.send(
        new GetStatementResultCommand({ Id, ...(NextToken !== undefined && { NextToken }) }),
      );
      columns = (page.ColumnMetadata ?? []).map(({ name = "" }) => name);
      rows.push(...(page.Records ?? []).map((record) => record.map(cellOf)));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return { columns, rows };
  }

  async #ended(Id: string | undefined): Promise<DescribeStatementResponse> {
    const deadline = Date.now() + statementMsMax;
    for (let ms = lookMs.first; Date.now() < deadline; ms = Math.min(ms * 2, lookMs.last)) {
      const statement = await this.#client.send(new DescribeStatementCommand({ Id }));
      if (statement.Status === "FINISHED") return statement;
      if (statement.Status === "FAILED" || statement.Status === "ABORTED") throw failureOf(statement);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    throw new StatementFailed(`statement ${Id} has not ended within ${statementMsMax / 60_000} minutes`);
  }
}

const attemptsMax = 3;
const connectionTimeoutMs = 1_000;
/** A statement goes on by itself: each call only asks, and is answered at once. */
const requestTimeoutMs = 10_000;

/** By the process's own role, in its region. */
export const createRedshiftData = (): RedshiftDataClient =>
  new RedshiftDataClient({
    maxAttempts: attemptsMax,
    requestHandler: {
      connectionTimeout: connectionTimeoutMs,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });

function failureOf({
  Error: why,
  Status,
  QueryString,
  SubStatements = [],
}: DescribeStatementResponse): StatementFailed {
  const failed = SubStatements.find((part) => part.Status === "FAILED");
  const sql = (failed?.QueryString ?? QueryString ?? "").trim();
  return new StatementFailed(`${failed?.Error ?? why ?? Status}\n${sql}`);
}

function cellOf(field: Field): Cell {
  if (field.isNull === true) return null;
  return field.stringValue ?? field.longValue ?? field.doubleValue ?? field.booleanValue ?? null;
}
