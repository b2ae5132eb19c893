import { isObject, objectIn, objectsIn, textIn } from "../door/call-input.ts";
import { aggregates, casts, scalars, windows } from "./functions.ts";
import { notHere } from "./refusal.ts";
import {
  castTree,
  functionTree,
  isColumn,
  literalText,
  namesOf,
  someTree,
  type Tree,
  textTree,
} from "./trees.ts";

/** What an expression is translated with. */
export interface Context {
  /** `2026-11-26`, UTC. */
  readonly today: string;
  /** The node with all that is below it translated. */
  readonly below: (tree: Tree) => Tree;
}

const nameOf = (tree: Tree): string => textIn(tree, "function_name") ?? "";
const orderOf = (tree: Tree): readonly Tree[] => objectsIn(objectIn(tree, "order_bys"), "orders");

/** A call of a function or an operator. @throws QueryFailed for one that is not known. */
export function functionOf(tree: Tree, context: Context): Tree {
  const name = nameOf(tree);
  const children = objectsIn(tree, "children");
  if (children.some(isInterval)) return dayOf(tree, context);
  const isAggregate = Object.hasOwn(aggregates, name);
  if (orderOf(tree).length > 0) throw notHere(`${name} with an order of its own is not known`);
  if (!isAggregate && (tree["distinct"] === true || isObject(tree["filter"])))
    throw notHere(`${name} is no aggregate`);
  return renamed(tree, isAggregate ? aggregates : scalars, context);
}

/** A function over a window. @throws QueryFailed for one that is not known. */
export function windowOf(tree: Tree, context: Context): Tree {
  if (tree["ignore_nulls"] === true) throw notHere("IGNORE NULLS is not known");
  if (tree["exclude_clause"] !== "NO_OTHER") throw notHere("EXCLUDE in a window is not Athena's");
  if (objectsIn(tree, "arg_orders").length > 0)
    throw notHere("an order in a function's arguments is not known");
  return renamed(tree, windows, context);
}

function renamed(tree: Tree, rules: typeof scalars, { below }: Pick<Context, "below">): Tree {
  const name = nameOf(tree);
  const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
  if (rule === undefined || textIn(tree, "schema") || textIn(tree, "catalog"))
    throw notHere(`the function ${name} is not known`);
  const children = objectsIn(tree, "children");
  const [least, most] = rule.args;
  if (children.length < least || children.length > most)
    throw notHere(`${name} with ${children.length} arguments is not known`);
  for (const [place, form] of Object.entries(rule.literals ?? {})) {
    const text = literalText(children[Number(place)]);
    if (text === undefined || !form.test(text))
      throw notHere(
        `${name} takes as its argument ${Number(place) + 1} a text that is written out, of the form ${form}`,
      );
  }
  const made = below(tree);
  if (rule.as === undefined) return made;
  // DuckDB prints an operator between its arguments.
  return { ...made, function_name: rule.as, is_operator: false };
}

/** DuckDB's parser makes a function of an interval: `to_days(…)`. */
const isInterval = (tree: Tree): boolean =>
  tree["class"] === "FUNCTION" && /^to_(years|months|weeks|days|hours|minutes|seconds)$/.test(nameOf(tree));

/** `current_date - interval '30' day` is a date to Athena, and a time to DuckDB. */
function dayOf(tree: Tree, { today }: Context): Tree {
  const [from, interval] = objectsIn(tree, "children");
  const name = nameOf(tree);
  const isToday =
    from !== undefined && isColumn(from) && namesOf(from).join(".").toLowerCase() === "current_date";
  let days: string | undefined;
  if (interval !== undefined && nameOf(interval) === "to_days")
    someTree(interval, (each) => {
      days ??= literalText(each);
      return false;
    });
  if ((name !== "-" && name !== "+") || !isToday || days === undefined || !/^\d+$/.test(days))
    throw notHere(
      "intervals are known as days before or after current_date: current_date - interval '30' day",
    );
  const start = castTree(textTree(today), "DATE");
  const moved = functionTree(name, [start, castTree(textTree(days), "INTEGER")]);
  return { ...moved, is_operator: true, alias: textIn(tree, "alias") ?? "" };
}

/** A cast, as Athena does it. @throws QueryFailed for a type that is not known. */
export function castOf(tree: Tree, { below }: Context): Tree {
  const type = objectIn(tree, "cast_type");
  const id = textIn(type, "id") ?? "";
  const child = objectIn(tree, "child");
  // `true` and `false`.
  if (id === "BOOLEAN" && /^[tf]$/.test(literalText(child) ?? "")) return tree;
  const macro = Object.hasOwn(casts, id) ? casts[id] : undefined;
  if (tree["try_cast"] === true) throw notHere("TRY_CAST is not known");
  if (macro === undefined || isObject(type["type_info"]))
    throw notHere(`a cast to ${id.toLowerCase()} is not known`);
  const made = objectIn(below({ child }), "child");
  return { ...functionTree(macro, [made]), alias: textIn(tree, "alias") ?? "" };
}
