import { expect, test } from "vitest";
import { copyStatement } from "./copying.ts";

const options = "IAM_ROLE default GZIP DELIMITER '\\001' ACCEPTINVCHARS TRUNCATECOLUMNS MAXERROR 100000";

test("a COPY of lines is understood", () => {
  expect(
    copyStatement(
      `COPY landing.lines (line) FROM 's3://archive/events/day=2026-11-26/' ${options} COMPUPDATE OFF`,
    ),
  ).toEqual({
    ...{ table: "landing.lines", column: "line", bucket: "archive", prefix: "events/day=2026-11-26/" },
    delimiter: "\u0001",
  });
});

test.each([
  "SELECT 1",
  `COPY landing.lines (line) FROM 's3://archive/events/' IAM_ROLE 'arn:aws:iam::1:role/r' GZIP`,
  `COPY landing.lines (line) FROM 's3://archive/events/' ${options}; DROP TABLE t`,
  `COPY landing.lines (line, more) FROM 's3://archive/events/' ${options}`,
])("%s is none that is understood", (sql) => {
  expect(copyStatement(sql)).toBeUndefined();
});
