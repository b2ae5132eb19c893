import { describe, expect, test } from "vitest";
import { asPostgres, refreshedView, withParameters } from "./dialect.ts";

describe("one text for two databases", () => {
  test("what only Redshift takes is left out, and what only PostgreSQL takes is read", () => {
    const sql =
      "CREATE TABLE t (n int) /* redshift */ DISTKEY (n) /* end */ /* postgres: WITH (fillfactor = 90) */;";
    expect(asPostgres(sql).replace(/\s+/g, " ")).toBe("CREATE TABLE t (n int) WITH (fillfactor = 90) ;");
  });

  test("over several lines, and several times", () => {
    const sql =
      "SELECT\n/* redshift */\na.b\n/* end */\n/* postgres:\na->'b'\n*/, /* redshift */ 1 /* end */ /* postgres: 2 */";
    expect(asPostgres(sql).replace(/\s+/g, " ").trim()).toBe("SELECT a->'b' , 2");
  });

  test("other comments stay", () => {
    expect(asPostgres("SELECT 1 /* why */ -- and how")).toBe("SELECT 1 /* why */ -- and how");
  });
});

test.each([
  ["REFRESH MATERIALIZED VIEW landing.events", "landing.events"],
  ["  refresh materialized view Landing.Events ;\n", "landing.events"],
  ["SELECT 'REFRESH MATERIALIZED VIEW landing.events'", undefined],
  ["REFRESH MATERIALIZED VIEW landing.events; DROP TABLE t", undefined],
])("%j refreshes %s", (sql, view) => {
  expect(refreshedView(sql)).toBe(view);
});

describe("parameters", () => {
  test("have their value wherever they are named, and text and casts are no parameters", () => {
    const sql = "SELECT :a, b::int, ':a' -- :a\n FROM t WHERE x = :b AND y = :a /* :c */";
    expect(withParameters(sql, { a: "1", b: "2" })).toEqual({
      text: "SELECT $1::varchar, b::int, ':a' -- :a\n FROM t WHERE x = $2::varchar AND y = $1::varchar /* :c */",
      values: ["1", "2"],
    });
  });

  test("without a value are named", () => {
    expect(() => withParameters("SELECT :since", {})).toThrow("no value for parameter :since");
  });
});
