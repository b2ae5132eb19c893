import { type Input, isObject, objectsIn, textIn } from "../door/call-input.ts";

/** A node of what DuckDB's parser makes of a query. */
export type Tree = Input;

/** Whether it is true of a node or of anything below it. */
export function someTree(value: unknown, is: (tree: Tree) => boolean): boolean {
  if (Array.isArray(value)) return value.some((each) => someTree(each, is));
  if (!isObject(value)) return false;
  return is(value) || Object.values(value).some((each) => someTree(each, is));
}

/** A copy in which each node is what `made` makes of it; undefined goes on below the node. */
export function mapTree(value: unknown, made: (tree: Tree) => Tree | undefined): unknown {
  if (Array.isArray(value)) return value.map((each) => mapTree(each, made));
  if (!isObject(value)) return value;
  return (
    made(value) ??
    Object.fromEntries(Object.entries(value).map(([member, each]) => [member, mapTree(each, made)]))
  );
}

export const isColumn = (tree: Tree): boolean => tree["class"] === "COLUMN_REF";

/** The names of a column, from table to member: `data.method.type`. */
export const namesOf = (tree: Tree): readonly string[] => {
  const names = tree["column_names"];
  return Array.isArray(names) ? names.map(String) : [];
};

/** The conditions that all must hold, one by one. */
export const conjunctsOf = (tree: Tree): readonly Tree[] =>
  textIn(tree, "type") === "CONJUNCTION_AND" ? objectsIn(tree, "children").flatMap(conjunctsOf) : [tree];

/** Text that is written out in the query; undefined for anything else. */
export function literalText(tree: Tree | undefined): string | undefined {
  if (tree?.["class"] !== "CONSTANT") return undefined;
  const value = isObject(tree["value"]) ? textIn(tree["value"], "value") : undefined;
  return value;
}

export const functionTree = (name: string, children: readonly Tree[]): Tree => ({
  ...{ class: "FUNCTION", type: "FUNCTION", alias: "", query_location: 0, function_name: name },
  ...{ schema: "", catalog: "", children, filter: null, order_bys: { type: "ORDER_MODIFIER", orders: [] } },
  ...{ distinct: false, is_operator: false, export_state: false },
});

export const castTree = (child: Tree, id: string): Tree => ({
  ...{ class: "CAST", type: "OPERATOR_CAST", alias: "", query_location: 0, child },
  ...{ cast_type: { id, type_info: null }, try_cast: false },
});

export const textTree = (value: string): Tree => ({
  ...{ class: "CONSTANT", type: "VALUE_CONSTANT", alias: "", query_location: 0 },
  value: { type: { id: "VARCHAR", type_info: null }, is_null: false, value },
});
