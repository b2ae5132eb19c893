-- What was agreed with an acquirer about its settlement; whoever was not spoken of has `days_at_most()`, and no tolerance.
CREATE TABLE settlement.terms (
  acquirer text PRIMARY KEY CHECK (acquirer <> ''),
  -- From the day of an operation to that of its settlement, at most.
  days int NOT NULL CHECK (days BETWEEN 1 AND 90),
  -- Minor units by which what came may differ from what is owed: it is of rounding.
  tolerance bigint NOT NULL CHECK (tolerance BETWEEN 0 AND 10000),
  -- Hundredths of a percent of what is owed that may lack: it is a fee that the acquirer took before it told the amount.
  fee_points int NOT NULL CHECK (fee_points BETWEEN 0 AND 10000),
  said_by text NOT NULL CHECK (said_by <> ''),
  said_at timestamptz NOT NULL
);

-- From then on; what was judged before stays as it was judged.
CREATE FUNCTION settlement.agree(of_acquirer text, in_days int, up_to bigint, points int, by_whom text, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
  INSERT INTO terms (acquirer, days, tolerance, fee_points, said_by, said_at)
  VALUES (of_acquirer, in_days, up_to, points, by_whom, at)
  ON CONFLICT (acquirer) DO UPDATE SET
    days = excluded.days, tolerance = excluded.tolerance, fee_points = excluded.fee_points,
    said_by = excluded.said_by, said_at = excluded.said_at
$$;

-- Decides what the terms have decided beforehand, with a note that says so: what lacks up to the fee is a cost (5000), what
-- differs up to the tolerance is of rounding (5200).
CREATE FUNCTION settlement.tolerate(touched bigint[], at timestamptz) RETURNS void
LANGUAGE sql SET search_path = settlement, pg_temp AS $$
  WITH small AS (
    SELECT breaks.break, breaks.expected, CASE
      WHEN abs(breaks.amount) <= terms.tolerance THEN '5200'
      WHEN breaks.kind = 'under' AND owed.gross > 0 AND -breaks.amount * 10000 <= owed.gross::numeric * terms.fee_points THEN '5000'
    END AS belongs_to
    FROM breaks JOIN expected AS owed ON owed.expected = breaks.expected JOIN terms ON terms.acquirer = breaks.acquirer
    WHERE breaks.expected = ANY (touched) AND breaks.kind IN ('over', 'under') AND breaks.closed_at IS NULL
  ), decided AS (
    UPDATE breaks SET closed_at = at, closed_as = 'decided', decided_to = small.belongs_to
    FROM small WHERE breaks.break = small.break AND small.belongs_to IS NOT NULL
    RETURNING breaks.break, breaks.expected, breaks.decided_to
  ), noted AS (
    INSERT INTO notes (break, noted_at, who, act, words)
    SELECT break, at, 'terms', 'resolved',
      CASE decided_to WHEN '5200' THEN 'within the tolerance that was agreed' ELSE 'within the fee that was agreed' END
    FROM decided
  )
  UPDATE expected SET decided_at = at FROM decided WHERE expected.expected = decided.expected
$$;

-- As it was (0006), by each acquirer's own days, and by the columns that it needs and no others.
CREATE OR REPLACE FUNCTION settlement.disagreements(touched bigint[]) RETURNS TABLE (
  kind text, acquirer text, book text, currency char(3), amount numeric, expected bigint, movement bigint
) LANGUAGE sql STABLE SET search_path = settlement, pg_temp AS $$
  WITH owed AS (
    SELECT expected, acquirer, book, currency, gross, booked_on, settled, settled_on FROM expected WHERE expected.expected = ANY (touched)
  ), came AS (
    SELECT owed.expected, movements.movement, movements.gross, movements.currency,
      movements.currency = owed.currency AS is_same,
      row_number() OVER line AS nth,
      sum(movements.gross) OVER line = owed.gross AS is_whole
    FROM movements JOIN owed USING (expected)
    WINDOW line AS (PARTITION BY movements.expected, movements.currency ORDER BY
      movements.settled_on, movements.reference, movements.occurrence, movements.kind)
  ), stood AS (
    -- Where what had come was just what is owed, what came behind it is there twice.
    SELECT owed.*, count(came) AS lines, min(came.nth) FILTER (WHERE came.is_whole) AS whole_at
    FROM owed LEFT JOIN came ON came.expected = owed.expected AND came.is_same
    GROUP BY owed.expected, owed.acquirer, owed.book, owed.currency, owed.gross, owed.booked_on, owed.settled, owed.settled_on
  )
  SELECT 'wrong_currency', acquirer, book, came.currency, came.gross, expected, came.movement
  FROM came JOIN owed USING (expected) WHERE NOT came.is_same
  UNION ALL
  SELECT 'duplicate', acquirer, book, came.currency, came.gross, expected, came.movement
  FROM came JOIN stood USING (expected)
  WHERE came.is_same AND stood.settled <> stood.gross AND came.nth > stood.whole_at
  UNION ALL
  SELECT CASE WHEN settled * sign(gross) > abs(gross) THEN 'over' ELSE 'under' END,
    acquirer, book, currency, settled - gross, expected, NULL
  FROM stood WHERE settled <> gross AND lines > 0 AND whole_at IS NULL
  UNION ALL
  SELECT 'late', acquirer, book, currency, 0, expected, NULL
  FROM stood LEFT JOIN terms USING (acquirer) WHERE settled_on - booked_on > coalesce(days, days_at_most())
$$;

-- As it was (0006), but that what somebody decided is undone when what was in question is no longer: it was about money that
-- has come since; and what the terms tolerate is decided at once.
CREATE OR REPLACE FUNCTION settlement.judge(touched bigint[], at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = settlement, pg_temp AS $$
BEGIN
  -- Two files that say something of one operation are judged one after the other, and the second sees the first.
  PERFORM FROM expected WHERE expected = ANY (touched) ORDER BY expected FOR NO KEY UPDATE;
  UPDATE expected SET settled = came.total, settled_on = CASE WHEN came.total = gross THEN came.last END
  FROM (
    SELECT owed.expected, coalesce(sum(movements.gross), 0) AS total, max(movements.settled_on) AS last
    FROM expected AS owed LEFT JOIN movements ON movements.expected = owed.expected AND movements.currency = owed.currency
    WHERE owed.expected = ANY (touched)
    GROUP BY owed.expected
  ) AS came
  WHERE expected.expected = came.expected;

  WITH found AS MATERIALIZED (
    SELECT * FROM disagreements(touched)
  ), opened AS (
    INSERT INTO breaks (kind, acquirer, book, currency, amount, expected, movement, opened_at)
    SELECT kind, acquirer, book, currency, amount, expected, movement, at FROM found ORDER BY expected, movement, kind
    ON CONFLICT ON CONSTRAINT found_once DO UPDATE SET amount = excluded.amount, closed_at = NULL, closed_as = NULL
    -- What somebody decided stays decided, for as long as it is the same.
    WHERE breaks.amount <> excluded.amount OR breaks.closed_as = 'matched'
  )
  UPDATE breaks SET closed_at = at, closed_as = 'matched'
  WHERE expected = ANY (touched) AND closed_as IS DISTINCT FROM 'matched' AND NOT EXISTS (
    SELECT FROM found
    WHERE found.kind = breaks.kind AND found.expected = breaks.expected AND found.movement IS NOT DISTINCT FROM breaks.movement
  );
  PERFORM tolerate(touched, at);
END
$$;

-- As it was (0006), by each acquirer's own days; and what comes while it looks is neither missing nor unexpected.
CREATE OR REPLACE FUNCTION settlement.look(at timestamptz, books_behind interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
BEGIN
  -- A file and the books that were written at the same time did not see each other.
  PERFORM meet(array(
    SELECT DISTINCT known.expected FROM movements JOIN expected AS known USING (acquirer, operation_key)
    WHERE movements.expected IS NULL
  ), at);
  INSERT INTO breaks (kind, acquirer, currency, amount, movement, opened_at)
  SELECT 'unexpected', acquirer, currency, gross, movement, at
  FROM movements WHERE expected IS NULL AND kind <> 'cost' AND received_at <= at - books_behind
  -- Whoever holds one has heard of it, and what was held is asked once more.
  FOR NO KEY UPDATE SKIP LOCKED
  ON CONFLICT ON CONSTRAINT found_once DO NOTHING;
  INSERT INTO breaks (kind, acquirer, book, currency, amount, expected, opened_at)
  SELECT 'missing', acquirer, book, currency, -gross, expected, at
  FROM expected AS owed LEFT JOIN terms USING (acquirer)
  -- By the shortest first, which the index of what is open takes.
  WHERE settled_on IS NULL
    AND booked_on < (at AT TIME ZONE 'UTC')::date - (SELECT least(min(days), days_at_most()) FROM terms)
    AND booked_on < (at AT TIME ZONE 'UTC')::date - coalesce(days, days_at_most())
    AND settled = 0 AND NOT EXISTS (SELECT FROM movements WHERE movements.expected = owed.expected)
  FOR NO KEY UPDATE OF owed SKIP LOCKED
  ON CONFLICT ON CONSTRAINT found_once DO NOTHING;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA settlement FROM PUBLIC;
GRANT SELECT ON settlement.terms TO reconciler;
