const literal = /'(?:[^']|'')*'|--[^\n]*|\/\*[\s\S]*?\*\//g;
const named = /(?<![:\w]):([a-z_][a-z0-9_]*)/gi;

/**
 * A text with `:name` in it as Athena takes it: `?`, and a value for each in its place, as text in quotes.
 * @throws Error that names a parameter that has no value.
 */
export function positional(
  sql: string,
  parameters: Readonly<Record<string, string>>,
): { readonly text: string; readonly values: readonly string[] } {
  const values: string[] = [];
  const marked = (part: string): string =>
    part.replace(named, (_, name: string) => {
      const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
      if (value === undefined) throw new Error(`no value for parameter :${name}`);
      values.push(`'${value.replaceAll("'", "''")}'`);
      return "?";
    });
  let text = "";
  let end = 0;
  for (const match of sql.matchAll(literal)) {
    text += marked(sql.slice(end, match.index)) + match[0];
    end = match.index + match[0].length;
  }
  return { text: text + marked(sql.slice(end)), values };
}
