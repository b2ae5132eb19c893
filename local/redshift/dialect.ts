/**
 * SQL of the warehouse is written for Redshift. What PostgreSQL, its stand-in here, does not take stands between a comment
 * `redshift` and a comment `end`; what PostgreSQL needs instead stands in a comment that begins with `postgres:`, where
 * Redshift never reads it. So the text that is sent is the same.
 */
const redshiftOnly = /\/\* redshift \*\/[\s\S]*?\/\* end \*\//g;
const postgresOnly = /\/\* postgres:([\s\S]*?)\*\//g;

/** A statement as PostgreSQL takes it. */
export const asPostgres = (sql: string): string => sql.replace(redshiftOnly, "").replace(postgresOnly, "$1");

const refresh = /^\s*REFRESH\s+MATERIALIZED\s+VIEW\s+([a-z_][a-z0-9_]*\.[a-z_][a-z0-9_]*)\s*;?\s*$/i;

/** The view that a statement refreshes; undefined for any other statement. */
export const refreshedView = (sql: string): string | undefined => refresh.exec(sql)?.[1]?.toLowerCase();

const named = /(?<!:):([a-z_][a-z0-9_]*)/gi;
const literal = /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g;

/**
 * The Data API's `:name` as PostgreSQL's `$1`. All values are text, as there.
 * @throws Error that names a parameter that has no value.
 */
export function withParameters(
  sql: string,
  parameters: Readonly<Record<string, string>>,
): { readonly text: string; readonly values: readonly string[] } {
  const names: string[] = [];
  const numbered = (part: string): string =>
    part.replace(named, (_, name: string) => {
      if (!Object.hasOwn(parameters, name)) throw new Error(`no value for parameter :${name}`);
      if (!names.includes(name)) names.push(name);
      return `$${names.indexOf(name) + 1}::varchar`;
    });
  let text = "";
  let end = 0;
  for (const match of sql.matchAll(literal)) {
    text += numbered(sql.slice(end, match.index)) + match[0];
    end = match.index + match[0].length;
  }
  text += numbered(sql.slice(end));
  return { text, values: names.map((name) => parameters[name] ?? "") };
}
