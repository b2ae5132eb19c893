/**
 * What of Athena's SQL runs here, and as what of DuckDB's. A name that is not in these tables is refused: DuckDB has
 * functions of the same name that mean another thing, and its answer would look like one.
 */
interface Rule {
  /** How many arguments it takes. */
  readonly args: readonly [least: number, most: number];
  /** DuckDB's name for it, or that of a macro below; the same name when left out. */
  readonly as?: string;
  /** What these arguments, by their place, must be: text that is written out, of this form. */
  readonly literals?: Readonly<Record<number, RegExp>>;
}

const units = /^(millisecond|second|minute|hour|day)$/;
/** Members and places; Trino's other paths are not DuckDB's. */
const jsonPath = /^\$(\.\w+|\[\d+\])*$/;
/** What RE2 and Java read alike. */
const pattern = /^(?!.*\(\?)[^\\]*$/;

export const scalars: Readonly<Record<string, Rule>> = {
  "+": { args: [2, 2] },
  "-": { args: [1, 2] },
  "*": { args: [2, 2] },
  "/": { args: [2, 2], as: "athena_divide" },
  "||": { args: [2, 2] },
  // LIKE, which DuckDB's parser names so.
  "~~": { args: [2, 2] },
  "!~~": { args: [2, 2] },
  abs: { args: [1, 1] },
  cardinality: { args: [1, 1], as: "len" },
  date_format: { args: [2, 2], as: "athena_date_format", literals: { 1: /^(%[YmdHis]|[^%])*$/ } },
  date_diff: { args: [3, 3], as: "date_sub", literals: { 0: units } },
  date_trunc: { args: [2, 2], literals: { 0: /^(second|minute|hour|day|month|year)$/ } },
  from_iso8601_timestamp: { args: [1, 1], as: "athena_from_iso8601" },
  greatest: { args: [2, 2], as: "athena_greatest" },
  json_extract_scalar: { args: [2, 2], as: "athena_json_scalar", literals: { 1: jsonPath } },
  length: { args: [1, 1] },
  lower: { args: [1, 1] },
  nullif: { args: [2, 2] },
  regexp_like: { args: [2, 2], as: "regexp_matches", literals: { 1: pattern } },
  replace: { args: [3, 3] },
  round: { args: [1, 2] },
  split_part: { args: [3, 3], as: "athena_split_part" },
  substr: { args: [2, 3] },
  upper: { args: [1, 1] },
};

export const aggregates: Readonly<Record<string, Rule>> = {
  // Each of them approximates, in its own way.
  approx_percentile: { args: [2, 2], as: "athena_percentile" },
  arbitrary: { args: [1, 1], as: "any_value" },
  avg: { args: [1, 1] },
  count: { args: [1, 1] },
  count_if: { args: [1, 1] },
  // count(*)
  count_star: { args: [0, 0] },
  max: { args: [1, 1] },
  min: { args: [1, 1] },
  sum: { args: [1, 1] },
};

export const windows: Readonly<Record<string, Rule>> = {
  ...aggregates,
  // As DuckDB's parser writes count(*) here.
  count: { args: [0, 1] },
  lag: { args: [1, 1] },
  lead: { args: [1, 1] },
  rank: { args: [0, 0] },
  row_number: { args: [0, 0] },
};

/** Types that a value may be cast to, by DuckDB's name, and the macro that casts as Athena does. */
export const casts: Readonly<Record<string, string>> = {
  BIGINT: "athena_to_bigint",
  DATE: "athena_to_date",
  DOUBLE: "athena_to_double",
  INTEGER: "athena_to_integer",
  TIMESTAMP: "athena_to_timestamp",
  VARCHAR: "athena_to_varchar",
};

const integers = "('INTEGER', 'BIGINT', 'HUGEINT', '\"NULL\"')";
const day = String.raw`\d{4}-\d{2}-\d{2}`;
const time = String.raw`\d{2}:\d{2}:\d{2}(\.\d{1,3})?`;
const failed = (code: string, what: string): string => `error('${code}: ' || ${what})`;
const cannotCast = (type: string): string =>
  failed("INVALID_CAST_ARGUMENT", `'cannot cast ''' || CAST(x AS VARCHAR) || ''' to ${type}'`);

/** Of a number Athena rounds halves up where DuckDB makes them even; of a text it takes digits only. */
const toInteger = (type: string): string =>
  `CASE WHEN typeof(x) = 'VARCHAR' AND NOT regexp_full_match(CAST(x AS VARCHAR), '[+-]?\\d+') THEN ${cannotCast(type.toLowerCase())}
        WHEN typeof(x) = 'DOUBLE' THEN CAST(round(CAST(x AS DOUBLE)) AS ${type}) ELSE CAST(x AS ${type}) END`;

/** Where DuckDB is kinder than Athena, or means something else. */
export const macros: readonly string[] = [
  // Integers by zero are an error there, and null here.
  `athena_divide(x, y) AS CASE WHEN typeof(x) IN ${integers} AND typeof(y) IN ${integers} AND y = 0
     THEN ${failed("DIVISION_BY_ZERO", "'Division by zero'")} ELSE x / y END`,
  "athena_percentile(x, share) AS approx_quantile(x, CAST(share AS FLOAT))",
  // MySQL's letters there, and C's here: they differ for minutes and seconds.
  "athena_date_format(x, form) AS strftime(x, replace(replace(form, '%i', '%M'), '%s', '%S'))",
  // Of null and a value there is no greater one there.
  "athena_greatest(x, y) AS CASE WHEN x IS NULL OR y IS NULL THEN NULL ELSE greatest(x, y) END",
  `athena_json_scalar(x, path) AS CASE WHEN x IS NULL OR NOT json_valid(x) THEN NULL
     WHEN json_type(x, path) IN ('OBJECT', 'ARRAY') THEN NULL ELSE json_extract_string(x, path) END`,
  // Athena keeps another zone than UTC in the value, which DuckDB cannot.
  `athena_from_iso8601(x) AS CASE WHEN x IS NULL THEN NULL
     WHEN regexp_full_match(x, '${day}T${time}Z') THEN CAST(x AS TIMESTAMP WITH TIME ZONE)
     ELSE ${failed("INVALID_FUNCTION_ARGUMENT", "'the local Athena reads times in UTC only, such as 2026-11-26T10:00:00Z, and not ' || x")} END`,
  // What UNNEST makes of an element: it is a row of as many fields as there are names, or no row.
  `athena_field(x, there, named) AS CASE WHEN there <> named
     THEN ${failed("MISMATCHED_COLUMN_ALIASES", "'Column alias list has ' || named || ' entries but the rows have ' || there || ' fields'")}
     ELSE x END`,
  `athena_element(x) AS CASE WHEN typeof(x) LIKE 'STRUCT%'
     THEN ${failed("MISMATCHED_COLUMN_ALIASES", "'Column alias list has one entry for a row'")} ELSE x END`,
  // A part that is not there is null there, and empty here.
  "athena_split_part(x, y, n) AS CASE WHEN n > len(string_split(x, y)) THEN NULL ELSE split_part(x, y, n) END",
  `athena_to_bigint(x) AS ${toInteger("BIGINT")}`,
  `athena_to_integer(x) AS ${toInteger("INTEGER")}`,
  "athena_to_double(x) AS CAST(x AS DOUBLE)",
  `athena_to_date(x) AS CASE WHEN typeof(x) = 'VARCHAR' AND NOT regexp_full_match(CAST(x AS VARCHAR), '${day}')
     THEN ${cannotCast("date")} ELSE CAST(x AS DATE) END`,
  `athena_to_timestamp(x) AS CASE WHEN typeof(x) = 'VARCHAR' AND NOT regexp_full_match(CAST(x AS VARCHAR), '${day}( ${time})?')
     THEN ${cannotCast("timestamp")} ELSE CAST(x AS TIMESTAMP) END`,
  // Doubles and times are written in another way there.
  `athena_to_varchar(x) AS CASE WHEN typeof(x) IN ('VARCHAR', 'DATE', 'BOOLEAN') OR typeof(x) IN ${integers}
     THEN CAST(x AS VARCHAR) ELSE ${failed("NOT_SUPPORTED", "'the local Athena casts no ' || typeof(x) || ' to varchar'")} END`,
];
