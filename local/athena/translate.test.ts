import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aggregates, casts, scalars, windows } from "./functions.ts";
import { resultOf } from "./results.ts";
import { Session } from "./session.ts";
import { type Translated, translate } from "./translate.ts";

let session: Session;

beforeAll(async () => {
  session = await Session.open();
  await session.run(`CREATE TABLE payments AS SELECT * FROM (VALUES
    ('p1', 1::bigint, {type: 'card', brand: 'visa'}, [{account: 'a', amount: 1::bigint}, {account: 'b', amount: 2::bigint}], '2026-11-25'),
    ('p2', 2::bigint, {type: 'wallet', brand: NULL}, [], '2026-11-26')) AS t (id, amount, method, legs, day)`);
});
afterAll(() => session.close());

const translated = async (sql: string, ...parameters: readonly string[]): Promise<Translated> => {
  const values = [];
  for (const text of parameters) values.push(await session.literal(text));
  const how = { parameters: values, today: "2026-11-26", partitionKey: "day" };
  return translate(await session.parse(sql), how);
};

const ask = async (sql: string, ...parameters: readonly string[]) => {
  const { tree } = await translated(sql, ...parameters);
  return resultOf(await session.ask(await session.print(tree))).rows;
};

/** By function: what is asked, and what Athena answers. */
const answers: readonly (readonly [sql: string, answer: string | null])[] = [
  ["1 + 2", "3"],
  ["5 - 7", "-2"],
  ["-(2)", "-2"],
  ["2 * 3", "6"],
  ["7 / 2", "3"],
  ["-7 / 2", "-3"],
  ["7e0 / 2", "3.5"],
  ["'a' || 'b'", "ab"],
  ["'a' || null", null],
  ["'abc' like 'a%'", "true"],
  ["'abc' not like 'a%'", "false"],
  ["abs(-2)", "2"],
  ["cardinality((select legs from payments where id = 'p1'))", "2"],
  ["date_diff('hour', timestamp '2026-11-26 10:59:00', timestamp '2026-11-26 12:00:00')", "1"],
  ["date_diff('millisecond', timestamp '2026-11-26 10:00:00.250', timestamp '2026-11-26 10:00:01')", "750"],
  ["date_format(timestamp '2026-11-26 09:08:07', '%Y-%m-%d %H:%i:%s')", "2026-11-26 09:08:07"],
  ["date_trunc('hour', timestamp '2026-11-26 10:59:00')", "2026-11-26 10:00:00.000"],
  ["from_iso8601_timestamp('2026-11-26T10:00:00.120Z')", "2026-11-26 10:00:00.120 UTC"],
  ["greatest(1, 2)", "2"],
  ["greatest(1, null)", null],
  [`json_extract_scalar('{"a":{"b":[1,"x"]}}', '$.a.b[1]')`, "x"],
  [`json_extract_scalar('{"a":{"b":1}}', '$.a')`, null],
  [`json_extract_scalar('{"a":null}', '$.a')`, null],
  ["json_extract_scalar('no JSON', '$.a')", null],
  ["length('äöü')", "3"],
  ["lower('A')", "a"],
  ["upper('a')", "A"],
  ["nullif(1, 1)", null],
  ["regexp_like('2026', '^[0-9]{4}$')", "true"],
  ["replace('aba', 'a', 'c')", "cbc"],
  ["round(25e-1)", "3.0"],
  ["round(1234e-3, 1)", "1.2"],
  ["split_part('a:b', ':', 2)", "b"],
  ["split_part('a:b', ':', 3)", null],
  ["substr('abc', 2)", "bc"],
  ["substr('abc', 1, 2)", "ab"],
  ["count(*)", "1"],
  ["count(null)", "0"],
  ["count(distinct 1)", "1"],
  ["count(*) filter (where false)", "0"],
  ["count_if(1 = 1)", "1"],
  ["sum(2)", "2"],
  ["min(2)", "2"],
  ["max(2)", "2"],
  ["avg(2)", "2.0"],
  ["approx_percentile(2, 5e-1)", "2"],
  ["(select arbitrary(brand) from (values (null), ('visa')) as t (brand))", "visa"],
  ["row_number() over ()", "1"],
  ["rank() over (order by 1)", "1"],
  ["lag(1) over (order by 1)", null],
  ["lead(1) over (order by 1)", null],
  ["sum(2) over ()", "2"],
  ["cast(25e-1 as integer)", "3"],
  ["cast(-25e-1 as bigint)", "-3"],
  ["cast('12' as bigint)", "12"],
  ["cast('2026-11-26' as date)", "2026-11-26"],
  ["cast('2026-11-26 10:00:00.5' as timestamp)", "2026-11-26 10:00:00.500"],
  ["cast(from_iso8601_timestamp('2026-11-26T10:00:00Z') as timestamp)", "2026-11-26 10:00:00.000"],
  ["cast(7 as double)", "7.0"],
  ["cast(date '2026-11-26' as varchar)", "2026-11-26"],
  ["current_date - interval '30' day", "2026-10-27"],
  ["cast(current_date + interval '1' day as varchar)", "2026-11-27"],
  ["case when true then 1 else 2 end", "1"],
  ["if(1 = 2, 'a', 'b')", "b"],
  ["coalesce(null, 1)", "1"],
  ["2 between 1 and 3 and 2 in (1, 2) and not 1 is null", "true"],
  ["exists (select 1 from payments where id = 'p3')", "false"],
];

test.each(answers)("%s is what it is to Athena", async (sql, answer) => {
  expect(await ask(`select ${sql}`)).toEqual([[answer]]);
});

test("each function that is known is asked above", () => {
  const asked = answers.map(([sql]) => sql).join(" ");
  const signs = ["~~", "!~~", "count_star"];
  const known = [...new Set([scalars, aggregates, windows].flatMap(Object.keys))];
  expect(known.filter((name) => !signs.includes(name) && !asked.includes(name))).toEqual([]);
  expect(Object.keys(casts).filter((type) => !asked.includes(`as ${type.toLowerCase()})`))).toEqual([]);
});

describe("what Athena fails fails here", () => {
  test.each([
    ["1 / 0", /^DIVISION_BY_ZERO/],
    ["cast('1.5' as integer)", /^INVALID_CAST_ARGUMENT: cannot cast '1.5' to integer/],
    ["cast('tomorrow' as date)", /^INVALID_CAST_ARGUMENT/],
    ["cast('2026-11-26T10:00:00' as timestamp)", /^INVALID_CAST_ARGUMENT/],
    ["from_iso8601_timestamp('yesterday')", /^INVALID_FUNCTION_ARGUMENT/],
    ["sum(9000000000000000000) + 9000000000000000000", /2\^53/],
    ["9000000000000000 * 9000000000000000", /^NUMERIC_VALUE_OUT_OF_RANGE/],
    ["nothing", /^COLUMN_NOT_FOUND/],
    ["l.a from payments cross join unnest(legs) as l (a)", /^MISMATCHED_COLUMN_ALIASES/],
    [
      "l.a from payments cross join unnest(legs) as l (a, b, c)",
      /out of range - expected an index between 1 and 2/,
    ],
    ["?", /^INVALID_PARAMETER_USAGE: Incorrect number of parameters: expected 1 but found 0/],
  ])("%s", async (sql, said) => {
    await expect(ask(`select ${sql}`)).rejects.toThrow(said);
  });
});

describe("what means another thing to DuckDB is refused", () => {
  test.each([
    ["select md5('a')", "the function md5 is not known"],
    ["select concat('a', null)", "the function concat is not known"],
    ["select substr('a')", "substr with 1 arguments is not known"],
    ["select 1.5", "decimals are divided and rounded in another way"],
    ["select 9007199254740993", "a number beyond 2^53"],
    ["select cast(1 as decimal(10, 2))", "a cast to decimal is not known"],
    ["select try_cast('a' as integer)", "TRY_CAST is not known"],
    ["select cast(1e0 as varchar)", "casts no DOUBLE to varchar"],
    ["select from_iso8601_timestamp('2026-11-26T10:00:00+02:00')", "reads times in UTC only"],
    ["select timestamp '2026-11-26 10:00:00' - interval '1' day", "intervals are known as days"],
    ["select current_date - interval '1' month", "intervals are known as days"],
    ["select current_timestamp", "current_timestamp is not known"],
    ["select legs[1] from payments", "elements of arrays are not taken by their places"],
    ["select json_extract_scalar('{}', '$..a')", "json_extract_scalar takes as its argument 2"],
    ["select json_extract_scalar('{}', id) from payments", "json_extract_scalar takes as its argument 2"],
    ["select regexp_like('a', '(?i)a')", "regexp_like takes as its argument 2"],
    ["select sum(amount order by id) from payments", "sum with an order of its own"],
    ["select lag(amount ignore nulls) over (order by id) from payments", "IGNORE NULLS is not known"],
    ["select * exclude (id) from payments", "EXCLUDE, REPLACE and COLUMNS are not Athena's"],
    ["select id from payments qualify row_number() over () = 1", "QUALIFY is not answered"],
    ["select id, count(*) from payments group by all", "GROUP BY ALL is not answered"],
    ["select id, count(*) from payments group by grouping sets ((id), ())", "grouping sets are not answered"],
    ["select distinct on (id) id from payments", "DISTINCT_MODIFIER is not answered"],
    ["select id from payments tablesample 10 percent", "TABLESAMPLE is not answered"],
    ["select id from payments semi join payments as b on true", "a join of the kind"],
    ["select * from payments natural join payments as b", "a join of the kind"],
    ["select 1 from read_csv('/etc/passwd')", "the table function read_csv"],
    ["select 1 from payments cross join unnest(legs)", "UNNEST needs names for its columns"],
    [
      "select 1 from payments left join unnest(legs) as l (a, b) on true",
      "UNNEST is joined by CROSS JOIN only",
    ],
    ["with recursive n as (select 1 as x union all select x + 1 from n) select x from n", "RECURSIVE"],
    ["select lambda x : x + 1", "is not"],
    ["select 1; select 2", "one statement"],
    ["drop table payments", "one SELECT is answered at a time"],
  ])("%s", async (sql, said) => {
    await expect(ask(sql)).rejects.toThrow(said);
  });
});

describe("parameters", () => {
  test("stand where they are asked for, in order", async () => {
    expect(await ask("select ?, ?, ?, ?", "'it''s'", "2", "date '2026-11-26'", "-3e0")).toEqual([
      ["it's", "2", "2026-11-26", "-3.0"],
    ]);
  });

  test.each(["id", "1 + 1", "1, 2", "(select 1)", "'a' as b", "1 from payments", "1; select 2", "it's"])(
    "%s is none",
    async (text) => {
      await expect(session.literal(text)).rejects.toThrow(/^(INVALID_PARAMETER_USAGE|SYNTAX_ERROR)/);
    },
  );
});

test("elements of arrays are rows, their fields columns, in order", async () => {
  const sql = `select id, leg.account, amount_there, place from payments
    cross join unnest(legs) with ordinality as leg (account, amount_there, place) order by place`;
  expect(await ask(sql)).toEqual([
    ["p1", "a", "1", "1"],
    ["p1", "b", "2", "2"],
  ]);
  expect(await ask("select x from unnest((select legs from payments where id = 'p2')) as t (x, y)")).toEqual(
    [],
  );
});

describe("of which table which days are read", () => {
  const conditionsOf = async (sql: string): Promise<readonly string[]> =>
    (await translated(sql)).uses.map(({ table, conditions }) => `${table} ${conditions.length}`);

  test.each([
    ["select 1 from payments where day = '1' and id = 'a' and day < '2'", ["payments 2"]],
    ["select 1 from payments where day = '1' or id = 'a'", ["payments 0"]],
    ["select 1 from payments where day > (select max(day) from payments)", ["payments 0", "payments 0"]],
    [
      "select 1 from payments as a join payments as b on a.id = b.id where a.day > '1'",
      ["payments 1", "payments 0"],
    ],
    ["select 1 from payments as a, payments as b where day > '1'", ["payments 0", "payments 0"]],
    [
      "select 1 from payments as a left join payments as b on a.id = b.id where b.day is null",
      ["payments 0", "payments 0"],
    ],
    ["with payments as (select 1 as day) select * from payments where day > 0", []],
    ["with p as (select * from payments where day > '1') select * from p where day > '2'", ["payments 1"]],
    ["select 1 from lake.payments where day > '1'", ["payments 1"]],
  ])("%s", async (sql, uses) => {
    expect((await conditionsOf(sql)).toSorted()).toEqual(uses.toSorted());
  });
});

test("columns that have no name are called by their place", async () => {
  const { tree } = await translated(
    "select id, 1, method.type, count(*) as n, 'a' from payments group by 1, 3",
  );
  const { names } = await session.ask(await session.print(tree));
  expect(names).toEqual(["id", "_col1", "type", "n", "_col4"]);
});
