import {
  type AthenaClient,
  type ColumnInfo,
  GetQueryExecutionCommand,
  GetQueryResultsCommand,
  type GetQueryResultsCommandOutput,
  StartQueryExecutionCommand,
} from "@aws-sdk/client-athena";
import { type Cell, StatementFailed, type Table } from "#adapters/warehouse/data-api.ts";
import { positional } from "./parameters.ts";

/** The first look comes after this many milliseconds, and each next one after twice as many, up to the last. */
const lookMs = { first: 25, last: 1_000 };
/** Athena ends a query after 30 minutes itself. */
const queryMsMax = 31 * 60_000;

export interface LakeAddress {
  readonly workgroup: string;
  readonly database: string;
}

/** SQL by Athena: a query is started, looked at until it ends, and its answer read page by page. */
export class AthenaApi {
  readonly #client: AthenaClient;
  readonly #where: LakeAddress;

  constructor(client: AthenaClient, where: LakeAddress) {
    this.#client = client;
    this.#where = where;
  }

  /**
   * Asks.
   * @param parameters the values of `:name` in the text, as text.
   * @throws StatementFailed with Athena's reason.
   */
  async ask(sql: string, parameters: Readonly<Record<string, string>> = {}): Promise<Table> {
    const { text, values } = positional(sql, parameters);
    const { workgroup, database } = this.#where;
    const { QueryExecutionId } = await this.#client.send(
      new StartQueryExecutionCommand({
        ...{ QueryString: text, WorkGroup: workgroup, QueryExecutionContext: { Database: database } },
        ...(values.length > 0 && { ExecutionParameters: [...values] }),
      }),
    );
    await this.#ended(QueryExecutionId, text);
    return this.#read(QueryExecutionId);
  }

  async #read(QueryExecutionId: string | undefined): Promise<Table> {
    let columns: readonly ColumnInfo[] = [];
    const rows: (readonly Cell[])[] = [];
    let NextToken: string | undefined;
    do {
      const page: GetQueryResultsCommandOutput = await this.#client.send(
        new GetQueryResultsCommand({ QueryExecutionId, ...(NextToken !== undefined && { NextToken }) }),
      );
      columns = page.ResultSet?.ResultSetMetadata?.ColumnInfo ?? [];
      for (const { Data = [] } of page.ResultSet?.Rows ?? [])
        rows.push(Data.map(({ VarCharValue }, index) => cellOf(VarCharValue, columns[index]?.Type)));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    // The first row of the first page is the names of the columns.
    return { columns: columns.map(({ Name = "" }) => Name), rows: rows.slice(1) };
  }

  async #ended(QueryExecutionId: string | undefined, sql: string): Promise<void> {
    const deadline = Date.now() + queryMsMax;
    for (let ms = lookMs.first; Date.now() < deadline; ms = Math.min(ms * 2, lookMs.last)) {
      const { QueryExecution } = await this.#client.send(new GetQueryExecutionCommand({ QueryExecutionId }));
      const { State, StateChangeReason: why } = QueryExecution?.Status ?? {};
      if (State === "SUCCEEDED") return;
      if (State === "FAILED" || State === "CANCELLED")
        throw new StatementFailed(`${why ?? State}\n${sql.trim()}`);
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    throw new StatementFailed(
      `query ${QueryExecutionId} has not ended within ${queryMsMax / 60_000} minutes`,
    );
  }
}

/** Whole numbers that a double would not hold stay text. */
function cellOf(text: string | undefined, type: string | undefined): Cell {
  if (text === undefined) return null;
  switch (type) {
    case "integer":
    case "bigint":
      return Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case "double":
      return Number(text);
    case "boolean":
      return text === "true";
    default:
      return text;
  }
}
