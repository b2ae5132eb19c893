-- As it was (0006), by keys alone. Lines of a file that are new to it, as movements: each with its number among those that say the same in that file.
CREATE OR REPLACE FUNCTION settlement.said(of_file int, told jsonb) RETURNS TABLE (
  place int, part int, acquirer text, settled_on date, kind text, reference text, operation_key text, dispute text, currency char(3),
  occurrence int, gross bigint, cost bigint
) LANGUAGE sql STABLE SET search_path = settlement, pg_temp AS $$
  SELECT line.place, line.part, file.acquirer, line."settledOn", line.kind, line.reference, line."operationKey", line.dispute, line.currency,
    (before.count + row_number() OVER (
      PARTITION BY line."settledOn", line.kind, line.reference, line."operationKey", line.dispute, line.currency
      ORDER BY line.place, line.part))::int,
    line.gross, line.cost
  FROM jsonb_to_recordset(told) AS line (
    place int, part int, "settledOn" date, kind text, reference text, "operationKey" text, dispute text, currency char(3), gross bigint,
    cost bigint)
  JOIN files AS file ON file.file = of_file
  CROSS JOIN LATERAL (
    SELECT count(*) FROM movements JOIN lines USING (movement)
    -- By the movement's key and not by the file's lines: statistics know nothing yet of a file that is being read, and
    -- whoever takes it for small reads all of it for each line.
    WHERE lines.file + 0 = of_file AND movements.acquirer = file.acquirer AND movements.settled_on = line."settledOn"
      AND movements.kind = line.kind AND movements.reference = line.reference
      AND (movements.operation_key, movements.dispute, movements.currency)
        IS NOT DISTINCT FROM (line."operationKey", line.dispute, line.currency)
  ) AS before
  WHERE NOT EXISTS (SELECT FROM lines WHERE file = of_file AND lines.place = line.place AND lines.part = line.part)
$$;
