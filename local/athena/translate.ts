import { isObject, objectIn, objectsIn, textIn } from "../door/call-input.ts";
import { type Context, castOf, functionOf, windowOf } from "./expressions.ts";
import { notHere, QueryFailed } from "./refusal.ts";
import {
  castTree,
  conjunctsOf,
  functionTree,
  isColumn,
  namesOf,
  someTree,
  type Tree,
  textTree,
} from "./trees.ts";

/** One place of a query that reads a table of the catalog. */
export interface TableUse {
  /** Undefined: the one that the query is asked of. */
  readonly database: string | undefined;
  readonly table: string;
  /** What it asks of the partition and of nothing else: partitions of which one is not true are not read. */
  readonly conditions: readonly Tree[];
}

export interface Translated {
  /** The query as DuckDB's parser would have it. */
  readonly tree: Tree;
  readonly uses: readonly TableUse[];
}

export interface Translation {
  /** What stands for `?`, in order. */
  readonly parameters: readonly Tree[];
  /** `2026-11-26`, UTC. */
  readonly today: string;
  /** What tables are partitioned by. */
  readonly partitionKey: string;
}

/** The view that stands for a table of the catalog. */
export const viewNameOf = (database: string | undefined, table: string): string =>
  database === undefined ? table : `${database}.${table}`;

const nothing: Tree = { type: "EMPTY", alias: "", sample: null, query_location: 0 };
const joins = new Set(["INNER", "LEFT", "RIGHT", "OUTER"]);
const operators = new Set([
  ...["COMPARE_IN", "COMPARE_NOT_IN", "OPERATOR_NOT", "OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"],
  ...["OPERATOR_COALESCE", "STRUCT_EXTRACT"],
]);
/** They mean the same in both, whatever they stand in. */
const plainClasses = new Set(["BETWEEN", "CASE", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "SUBQUERY"]);
const constants = new Set(["BIGINT", "BOOLEAN", "DOUBLE", "INTEGER", "NULL", "VARCHAR"]);
const notRun: Readonly<Record<string, string>> = {
  current_time: "current_time",
  current_timestamp: "current_timestamp",
  localtime: "localtime",
  localtimestamp: "localtimestamp",
};

/**
 * Athena's SQL as DuckDB takes it. DuckDB's parser reads it, and everything that it found is looked at: what means the
 * same stays, what means another thing is replaced, and the rest is refused.
 * @throws QueryFailed
 */
export function translate(parsed: Tree, translation: Translation): Translated {
  const [statement, ...more] = objectsIn(parsed, "statements");
  if (statement === undefined || more.length > 0) throw notHere("one statement is answered at a time");
  const translator = new Translator(translation);
  const node = translator.query(objectIn(statement, "node"), new Set());
  const { given } = translator;
  if (given !== translation.parameters.length)
    throw new QueryFailed(
      "INVALID_PARAMETER_USAGE",
      `Incorrect number of parameters: expected ${given} but found ${translation.parameters.length}`,
    );
  const tree = { ...parsed, statements: [{ ...statement, node: named(node), named_param_map: [] }] };
  return { tree, uses: translator.uses };
}

class Translator {
  readonly uses: TableUse[] = [];
  /** How many parameters the query has. */
  given = 0;
  readonly #translation: Translation;

  constructor(translation: Translation) {
    this.#translation = translation;
  }

  /** @param known names of queries before this one, which are no tables of the catalog. */
  query(node: Tree, known: ReadonlySet<string>): Tree {
    const scope = new Set(known);
    const withs = objectsIn(objectIn(node, "cte_map"), "map").map((each) => {
      const value = objectIn(each, "value");
      const query = objectIn(value, "query");
      const made = this.query(objectIn(query, "node"), scope);
      scope.add(String(each["key"]).toLowerCase());
      return { ...each, value: { ...value, query: { ...query, node: made } } };
    });
    const cte_map = { map: withs };
    switch (node["type"]) {
      case "SELECT_NODE":
        return { ...this.#select(node, scope), cte_map };
      case "SET_OPERATION_NODE": {
        const left = this.query(objectIn(node, "left"), scope);
        const right = this.query(objectIn(node, "right"), scope);
        return { ...node, cte_map, left, right, modifiers: this.#modifiers(node, scope) };
      }
      default:
        throw notHere(`a query of the kind ${node["type"]} is not answered`);
    }
  }

  #select(node: Tree, scope: ReadonlySet<string>): Tree {
    for (const [member, what] of [
      ["sample", "TABLESAMPLE"],
      ["qualify", "QUALIFY"],
    ] as const)
      if (node[member] !== null) throw notHere(`${what} is not answered`);
    if (node["aggregate_handling"] !== "STANDARD_HANDLING") throw notHere("GROUP BY ALL is not answered");
    const sets = node["group_sets"];
    if (Array.isArray(sets) && sets.length > 1) throw notHere("grouping sets are not answered");
    const where = isObject(node["where_clause"]) ? this.#below(node["where_clause"], scope) : null;
    return {
      ...node,
      select_list: this.#below(node["select_list"], scope),
      from_table: this.#from(objectIn(node, "from_table"), scope, isObject(where) ? where : undefined),
      where_clause: where,
      group_expressions: this.#below(node["group_expressions"], scope),
      having: this.#below(node["having"], scope),
      modifiers: this.#modifiers(node, scope),
    };
  }

  #modifiers(node: Tree, scope: ReadonlySet<string>): readonly Tree[] {
    return objectsIn(node, "modifiers").map((modifier) => {
      const { type } = modifier;
      const isPlain =
        type === "ORDER_MODIFIER" ||
        type === "LIMIT_MODIFIER" ||
        (type === "DISTINCT_MODIFIER" && objectsIn(modifier, "distinct_on_targets").length === 0);
      if (!isPlain) throw notHere(`${type} is not answered`);
      return this.#below(modifier, scope) as Tree;
    });
  }

  #from(from: Tree, scope: ReadonlySet<string>, where: Tree | undefined): Tree {
    const tables: Tree[] = [];
    const made = this.#table(from, scope, tables);
    // What an outer join adds has no partition: to leave partitions out would add more of it.
    const isInner = !someTree(made, (tree) => tree["type"] === "JOIN" && tree["join_type"] !== "INNER");
    for (const table of tables) {
      const conditions =
        where === undefined || !isInner ? [] : this.#conditionsOn(table, where, tables.length);
      const database = textIn(table, "schema_name")?.toLowerCase() || undefined;
      this.uses.push({ database, table: String(table["table_name"]).toLowerCase(), conditions });
    }
    return made;
  }

  /** What a WHERE says of a table's partition alone. */
  #conditionsOn(table: Tree, where: Tree, tableCount: number): readonly Tree[] {
    const { partitionKey } = this.#translation;
    const alias = (textIn(table, "alias") || textIn(table, "table_name") || "").toLowerCase();
    const isPartition = (column: Tree): boolean => {
      const names = namesOf(column).map((name) => name.toLowerCase());
      if (names.length === 1) return names[0] === partitionKey && tableCount === 1;
      return names.length === 2 && names[0] === alias && names[1] === partitionKey;
    };
    return conjunctsOf(where).filter(
      (each) =>
        someTree(each, isColumn) &&
        !someTree(each, (tree) => tree["class"] === "SUBQUERY" || (isColumn(tree) && !isPartition(tree))),
    );
  }

  /** Says of each table of the catalog that it is one. */
  #table(from: Tree, scope: ReadonlySet<string>, tables: Tree[]): Tree {
    if (isObject(from["sample"])) throw notHere("TABLESAMPLE is not answered");
    switch (from["type"]) {
      case "EMPTY":
        return from;
      case "BASE_TABLE":
        return this.#baseTable(from, scope, tables);
      case "SUBQUERY": {
        const subquery = objectIn(from, "subquery");
        return { ...from, subquery: { ...subquery, node: this.query(objectIn(subquery, "node"), scope) } };
      }
      case "EXPRESSION_LIST":
        return { ...from, values: this.#below(from["values"], scope) };
      case "JOIN":
        return this.#join(from, scope, tables);
      case "TABLE_FUNCTION":
        return this.#unnest(from, scope);
      default:
        throw notHere(`a table of the kind ${from["type"]} is not read`);
    }
  }

  #baseTable(from: Tree, scope: ReadonlySet<string>, tables: Tree[]): Tree {
    const name = String(from["table_name"]);
    const database = textIn(from, "schema_name") || undefined;
    if (from["at_clause"] !== null) throw notHere("a table is read as it is now, and not as it was");
    if (database === undefined && scope.has(name.toLowerCase())) return from;
    tables.push(from);
    const view = viewNameOf(database?.toLowerCase(), name.toLowerCase());
    return {
      ...from,
      ...{ catalog_name: "", schema_name: "", table_name: view, alias: textIn(from, "alias") || name },
    };
  }

  #join(from: Tree, scope: ReadonlySet<string>, tables: Tree[]): Tree {
    const kind = String(from["join_type"]);
    const isPlain = from["ref_type"] === "REGULAR" || from["ref_type"] === "CROSS";
    if (!joins.has(kind) || !isPlain)
      throw notHere(`a join of the kind ${from["ref_type"]} ${kind} is not made`);
    const right = objectIn(from, "right");
    if (right["type"] === "TABLE_FUNCTION" && from["ref_type"] !== "CROSS")
      throw notHere("UNNEST is joined by CROSS JOIN only");
    return {
      ...from,
      left: this.#table(objectIn(from, "left"), scope, tables),
      right: this.#table(right, scope, tables),
      condition: this.#below(from["condition"], scope),
    };
  }

  /**
   * Athena makes a column of each field of a row; DuckDB one of the whole. `UNNEST(x) WITH ORDINALITY AS t (a, b, n)` is
   * a query over the elements and their places.
   */
  #unnest(from: Tree, scope: ReadonlySet<string>): Tree {
    const call = objectIn(from, "function");
    const [list, ...others] = objectsIn(call, "children");
    if (textIn(call, "function_name") !== "unnest" || list === undefined || others.length > 0)
      throw notHere(
        `the table function ${textIn(call, "function_name")} with ${1 + others.length} arguments is not called`,
      );
    const names = Array.isArray(from["column_name_alias"]) ? from["column_name_alias"].map(String) : [];
    const hasPlace = from["with_ordinality"] === "WITH_ORDINALITY";
    const fields = names.slice(0, hasPlace ? -1 : undefined);
    if (fields.length === 0) throw notHere("UNNEST needs names for its columns: UNNEST(x) AS t (a, b)");
    const made = this.expression(list, scope);
    const elements = select(
      [
        { ...functionTree("unnest", [made]), alias: "element" },
        { ...functionTree("generate_subscripts", [made, integerTree(1)]), alias: "place" },
      ],
      nothing,
    );
    const there = functionTree("len", [functionTree("struct_keys", [columnTree("element")])]);
    const columns = fields.map((alias, index) => {
      const field = functionTree("struct_extract_at", [columnTree("element"), integerTree(index + 1)]);
      return { ...functionTree("athena_field", [field, there, integerTree(fields.length)]), alias };
    });
    if (fields.length === 1)
      columns.splice(0, 1, {
        ...functionTree("athena_element", [columnTree("element")]),
        alias: fields[0] ?? "",
      });
    const place = hasPlace ? [{ ...columnTree("place"), alias: names.at(-1) ?? "" }] : [];
    return subquery(String(from["alias"]), select([...columns, ...place], subquery("elements", elements)));
  }

  /** Everything below: expressions, and the queries in them. */
  #below(value: unknown, scope: ReadonlySet<string>): unknown {
    if (Array.isArray(value)) return value.map((each) => this.#below(each, scope));
    if (!isObject(value)) return value;
    if (typeof value["class"] === "string") return this.expression(value, scope);
    if (isObject(value["node"])) return { ...value, node: this.query(value["node"], scope) };
    return this.#members(value, scope);
  }

  #members(tree: Tree, scope: ReadonlySet<string>): Tree {
    return Object.fromEntries(
      Object.entries(tree).map(([member, value]) => [member, this.#below(value, scope)]),
    );
  }

  expression(tree: Tree, scope: ReadonlySet<string>): Tree {
    const { today } = this.#translation;
    const context: Context = { today, below: (value) => this.#members(value, scope) };
    switch (tree["class"]) {
      case "CONSTANT":
        return constant(tree);
      case "PARAMETER":
        return this.#parameter(tree);
      case "FUNCTION":
        return functionOf(tree, context);
      case "WINDOW":
        return windowOf(tree, context);
      case "CAST":
        return castOf(tree, context);
      case "STAR":
        return star(tree);
      case "OPERATOR":
        if (tree["type"] === "ARRAY_EXTRACT")
          throw notHere("elements of arrays are not taken by their places: use UNNEST … WITH ORDINALITY");
        if (!operators.has(String(tree["type"]))) throw notHere(`the operator ${tree["type"]} is not known`);
        return this.#members(tree, scope);
      default:
        return this.#plain(tree, scope, context);
    }
  }

  #plain(tree: Tree, scope: ReadonlySet<string>, { today }: Context): Tree {
    if (!plainClasses.has(String(tree["class"])))
      throw notHere(`an expression of the kind ${tree["class"]} is not known`);
    const [name = "", ...more] = isColumn(tree) ? namesOf(tree) : [];
    if (more.length === 0) {
      if (name.toLowerCase() === "current_date") return functionTree("athena_to_date", [textTree(today)]);
      const what = notRun[name.toLowerCase()];
      if (what !== undefined) throw notHere(`${what} is not known`);
    }
    return this.#members(tree, scope);
  }

  #parameter(tree: Tree): Tree {
    const place = Number(textIn(tree, "identifier"));
    this.given = Math.max(this.given, place);
    // Too few of them are counted when all is read.
    const value = this.#translation.parameters[place - 1];
    return value === undefined ? textTree("") : this.expression(value, new Set());
  }
}

function constant(tree: Tree): Tree {
  const value = objectIn(tree, "value");
  const type = textIn(objectIn(value, "type"), "id") ?? "";
  if (type === "DECIMAL")
    throw notHere("decimals are divided and rounded in another way by Athena: write 1e2 or 25e-1, a double");
  if (!constants.has(type)) throw notHere(`a constant of the type ${type} is not known`);
  if (
    typeof value["value"] === "number" &&
    Number.isInteger(value["value"]) &&
    !Number.isSafeInteger(value["value"])
  )
    throw notHere("a number beyond 2^53 is not read");
  // DuckDB would print a double as a decimal.
  if (type === "DOUBLE")
    return { ...castTree(textTree(String(value["value"])), "DOUBLE"), alias: textIn(tree, "alias") ?? "" };
  return tree;
}

function star(tree: Tree): Tree {
  const { exclude_list, replace_list, rename_list, qualified_exclude_list } = tree;
  const lists = [exclude_list, replace_list, rename_list, qualified_exclude_list];
  const isPlain = lists.every((list) => Array.isArray(list) && list.length === 0);
  if (!isPlain || tree["columns"] === true || tree["expr"] !== null)
    throw notHere("* means all columns: EXCLUDE, REPLACE and COLUMNS are not Athena's");
  return tree;
}

/** Names the columns of an answer that have none as Athena does: `_col0`. */
function named(node: Tree): Tree {
  if (node["type"] === "SET_OPERATION_NODE") return { ...node, left: named(objectIn(node, "left")) };
  const select_list = objectsIn(node, "select_list").map((item, index) => {
    if (textIn(item, "alias") || isColumn(item) || item["class"] === "STAR") return item;
    return { ...item, alias: `_col${index}` };
  });
  return { ...node, select_list };
}

const columnTree = (name: string): Tree => ({
  ...{ class: "COLUMN_REF", type: "COLUMN_REF", alias: "", query_location: 0, column_names: [name] },
});

const integerTree = (value: number): Tree => ({
  ...{ class: "CONSTANT", type: "VALUE_CONSTANT", alias: "", query_location: 0 },
  value: { type: { id: "INTEGER", type_info: null }, is_null: false, value },
});

const select = (select_list: readonly Tree[], from_table: Tree): Tree => ({
  ...{ type: "SELECT_NODE", modifiers: [], cte_map: { map: [] }, select_list, from_table },
  ...{ where_clause: null, group_expressions: [], group_sets: [], having: null, sample: null, qualify: null },
  aggregate_handling: "STANDARD_HANDLING",
});

const subquery = (alias: string, node: Tree): Tree => ({
  ...{ type: "SUBQUERY", alias, sample: null, query_location: 0, column_name_alias: [] },
  subquery: { node, named_param_map: [] },
});
