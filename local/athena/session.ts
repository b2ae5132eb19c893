import type { DuckDBConnection, DuckDBInstance, DuckDBType } from "@duckdb/node-api";
import { isObject, objectIn, objectsIn, textIn } from "../door/call-input.ts";
import { macros } from "./functions.ts";
import { notHere, QueryFailed } from "./refusal.ts";
import { isColumn, mapTree, type Tree } from "./trees.ts";

/** A laptop has other work: Athena's own workers would have more. */
const limits = { threads: "2", memory_limit: "1GB" };
const againMs = 20;

export interface Answered {
  readonly names: readonly string[];
  /** DuckDB's names of types. */
  readonly types: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** A DuckDB in memory, for one query: nothing of it is there for the next. */
export class Session {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;
  #interrupting: NodeJS.Timeout | undefined;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open(): Promise<Session> {
    // Loaded when it is needed: most who start a system ask it nothing, and it is tens of megabytes.
    const { DuckDBInstance: instances } = await import("@duckdb/node-api");
    const instance = await instances.create(":memory:", {
      ...limits,
      // It brings Parquet, JSON and time zones; nothing is to be downloaded for a query.
      ...{ autoinstall_known_extensions: "false", autoload_known_extensions: "false" },
    });
    const connection = await instance.connect();
    const session = new Session(instance, connection);
    await session.run("SET TimeZone = 'UTC'");
    // As Athena divides integers.
    await session.run("SET integer_division = true");
    await session.run(macros.map((macro) => `CREATE MACRO ${macro}`).join(";\n"));
    return session;
  }

  /** From now on nothing but these files is read, whatever a query says. */
  async confine(directory: string): Promise<void> {
    await this.run(`SET allowed_directories = [${quoted(directory)}]`);
    await this.run("SET enable_external_access = false");
    await this.run("SET lock_configuration = true");
  }

  async run(sql: string): Promise<void> {
    this.#check();
    await this.#connection.run(sql);
  }

  /** @throws QueryFailed with what DuckDB says. */
  async ask(sql: string): Promise<Answered> {
    this.#check();
    try {
      const reader = await this.#connection.runAndReadAll(sql);
      const names = reader.columnNames();
      return { names, types: reader.columnTypes().map(String), rows: reader.getRows() };
    } catch (thrown) {
      throw failureOf(thrown as Error);
    }
  }

  #check(): void {
    if (this.#interrupting !== undefined) throw new QueryFailed("USER_CANCELED", "it was ended");
  }

  /** What DuckDB's parser makes of a query. @throws QueryFailed */
  async parse(sql: string): Promise<Tree> {
    const { rows } = await this.ask(`SELECT json_serialize_sql(${quoted(sql)})`);
    // Places in the text are numbers beyond what JSON's readers keep; nobody needs them.
    const parsed: unknown = JSON.parse(String(rows[0]?.[0]), (member, value: unknown) =>
      member === "query_location" ? 0 : value,
    );
    const tree = isObject(parsed) ? parsed : {};
    if (tree["error"] !== true) return tree;
    const message = textIn(tree, "error_message") ?? "";
    throw tree["error_type"] === "parser"
      ? new QueryFailed("SYNTAX_ERROR", message)
      : notHere("one SELECT is answered at a time");
  }

  /** A value for `?`: a literal, as it stands in SQL. @throws QueryFailed */
  async literal(text: string): Promise<Tree> {
    const statements = objectsIn(await this.parse(`SELECT ${text}`), "statements");
    const node = objectIn(statements[0] ?? {}, "node");
    const [item, ...more] = objectsIn(node, "select_list");
    const isAlone =
      statements.length === 1 && more.length === 0 && objectIn(node, "from_table")["type"] === "EMPTY";
    const child = item?.["class"] === "CAST" ? objectIn(item, "child") : item;
    if (!isAlone || item === undefined || child?.["class"] !== "CONSTANT" || textIn(item, "alias"))
      throw new QueryFailed("INVALID_PARAMETER_USAGE", `${text} is no literal: text stands in quotes`);
    return item;
  }

  /** The text of a query that was translated. */
  async print(tree: Tree): Promise<string> {
    const { rows } = await this.ask(`SELECT json_deserialize_sql(${quoted(JSON.stringify(tree))})`);
    return String(rows[0]?.[0]);
  }

  /** The text of a condition that asks for one column only, by whatever name the query has for its table. */
  async printCondition(condition: Tree, column: string): Promise<string> {
    const named = mapTree(condition, (tree) =>
      isColumn(tree) ? { ...tree, column_names: [column] } : undefined,
    );
    const parsed = await this.parse("SELECT 1 WHERE true");
    const [statement] = objectsIn(parsed, "statements");
    const node = { ...objectIn(statement ?? {}, "node"), where_clause: named };
    const text = await this.print({ ...parsed, statements: [{ ...statement, node }] });
    return text.slice(text.indexOf("WHERE") + "WHERE".length);
  }

  /** Columns of a table function, by their names in small letters. */
  async typesOf(source: string): Promise<ReadonlyMap<string, DuckDBType>> {
    const reader = await this.#connection.runAndReadAll(`SELECT * FROM ${source} LIMIT 0`);
    const types = reader.columnTypes();
    return new Map(
      reader.columnNames().flatMap((name, index) => {
        const type = types[index];
        return type === undefined ? [] : [[name.toLowerCase(), type] as const];
      }),
    );
  }

  /** Ends what is under way, and what would come after it: it fails. */
  interrupt(): void {
    this.#connection.interrupt();
    // What is about to begin forgets that it was interrupted.
    this.#interrupting ??= setInterval(() => this.#connection.interrupt(), againMs);
  }

  close(): void {
    clearInterval(this.#interrupting);
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const codes: readonly (readonly [said: RegExp, code: string])[] = [
  [/^Binder Error: Referenced (column|table)/, "COLUMN_NOT_FOUND"],
  [/^Binder Error/, "TYPE_MISMATCH"],
  [/^Conversion Error/, "INVALID_CAST_ARGUMENT"],
  [/^Out of Range Error/, "NUMERIC_VALUE_OUT_OF_RANGE"],
];

/** DuckDB's words, under Trino's name for what went wrong. */
function failureOf({ message }: Error): QueryFailed {
  // What a macro says has its own name.
  const [, code, said] = /^Invalid Input Error: ([A-Z_]+): ([\s\S]*)$/.exec(message) ?? [];
  if (code !== undefined && said !== undefined) return new QueryFailed(code, said);
  const [, known] = codes.find(([pattern]) => pattern.test(message)) ?? [];
  return new QueryFailed(known ?? "GENERIC_INTERNAL_ERROR", message.split("\n\n")[0] ?? message);
}
