-- Days (UTC) from an operation's to the one for which its acquirer settles it: what comes behind that is late, and what has not
-- come by then is missing.
CREATE FUNCTION settlement.days_at_most() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 3 $$;

-- What the two sides do not agree on about some expected operations, as they stand now.
CREATE FUNCTION settlement.disagreements(touched bigint[]) RETURNS TABLE (
  kind text, acquirer text, book text, currency char(3), amount numeric, expected bigint, movement bigint
) LANGUAGE sql STABLE SET search_path = settlement, pg_temp AS $$
  WITH owed AS (
    SELECT * FROM expected WHERE expected.expected = ANY (touched)
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
    GROUP BY owed.expected, owed.acquirer, owed.operation_key, owed.book, owed.entry, owed.currency, owed.gross,
      owed.booked_on, owed.settled, owed.settled_on
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
  FROM stood WHERE settled_on - booked_on > days_at_most()
$$;

-- Holds both sides of some expected operations against each other: opens what they do not agree on, closes what they do.
CREATE FUNCTION settlement.judge(touched bigint[], at timestamptz) RETURNS void
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
  WHERE expected = ANY (touched) AND closed_at IS NULL AND NOT EXISTS (
    SELECT FROM found
    WHERE found.kind = breaks.kind AND found.expected = breaks.expected AND found.movement IS NOT DISTINCT FROM breaks.movement
  );
END
$$;

-- Brings movements and what is expected together where they did not know of each other, and judges them.
CREATE FUNCTION settlement.meet(owed bigint[], at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = settlement, pg_temp AS $$
DECLARE
  touched bigint[];
BEGIN
  -- Before any movement, and in one order: two that hold what the other wants would wait for each other for ever.
  PERFORM FROM expected WHERE expected = ANY (owed) ORDER BY expected FOR NO KEY UPDATE;
  WITH met AS (
    UPDATE movements SET expected = known.expected
    FROM expected AS known
    WHERE movements.expected IS NULL AND known.expected = ANY (owed)
      AND movements.acquirer = known.acquirer AND movements.operation_key = known.operation_key
    RETURNING known.expected, movements.movement
  ), closed AS (
    UPDATE breaks SET closed_at = at, closed_as = 'matched'
    FROM met WHERE breaks.kind = 'unexpected' AND breaks.movement = met.movement AND breaks.closed_at IS NULL
  )
  SELECT array_agg(DISTINCT expected) INTO touched FROM met;
  IF touched IS NOT NULL THEN PERFORM judge(touched, at); END IF;
END
$$;

-- Whatever the books post to an acquirer's receivable for an operation of a payment, the acquirer owes.
CREATE FUNCTION settlement.expect() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
DECLARE
  owed bigint[];
BEGIN
  WITH fresh AS (
    INSERT INTO expected (acquirer, operation_key, book, entry, currency, gross, booked_on)
    SELECT acquirer, operation_key, book, entry, currency, gross, booked_on FROM owed_by(array(SELECT DISTINCT event_id FROM added))
    ON CONFLICT ON CONSTRAINT owed_once DO NOTHING
    RETURNING expected
  )
  SELECT array_agg(expected) INTO owed FROM fresh;
  IF owed IS NOT NULL THEN PERFORM meet(owed, now()); END IF;
  RETURN NULL;
END
$$;

-- What records of the books make acquirers owe: captures, and what refunds take back.
CREATE FUNCTION settlement.owed_by(events text[]) RETURNS TABLE (
  acquirer text, operation_key text, book text, entry text, currency char(3), gross bigint, booked_on date
) LANGUAGE sql STABLE SET search_path = books, pg_temp AS $$
  SELECT split_part(posting.account, ':', 3),
    concat(part[1], ':', CASE part[2] WHEN 'refunded' THEN 'refund' ELSE part[2] END, ':', part[3]),
    posting.book, record.names, posting.currency,
    sum(CASE posting.side WHEN 'debit' THEN posting.amount ELSE -posting.amount END)::bigint, posting.booked_on
  FROM records AS record
  JOIN postings AS posting USING (event_id)
  CROSS JOIN LATERAL regexp_match(record.names, '^je_(pay_[0-9a-z]{26})\.(capture|refunded)\.([1-9][0-9]*)$') AS part
  WHERE record.event_id = ANY (events) AND posting.effect = 'posted' AND posting.account LIKE '%:1100:%:%'
    AND part IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5, posting.booked_on
  HAVING sum(CASE posting.side WHEN 'debit' THEN posting.amount ELSE -posting.amount END) <> 0
$$;

-- What is in the books already.
INSERT INTO settlement.expected (acquirer, operation_key, book, entry, currency, gross, booked_on)
SELECT * FROM settlement.owed_by(array(SELECT event_id FROM books.records)) ON CONFLICT DO NOTHING;
CREATE TRIGGER expected AFTER INSERT ON books.postings REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION settlement.expect();

-- The file's number; the same for the same version of it, however often it is read.
CREATE FUNCTION settlement.begin(of_bucket text, of_key text, of_version text, of_acquirer text, at timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
DECLARE
  number int;
BEGIN
  INSERT INTO files (bucket, key, version, acquirer, received_at) VALUES (of_bucket, of_key, of_version, of_acquirer, at)
  ON CONFLICT ON CONSTRAINT left_once DO NOTHING;
  SELECT file INTO number FROM files WHERE bucket = of_bucket AND key = of_key AND version = of_version;
  RETURN number;
END
$$;

-- Lines of a file that are new to it, as movements: each with its number among those that say the same in that file.
CREATE FUNCTION settlement.said(of_file int, told jsonb) RETURNS TABLE (
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
    WHERE lines.file = of_file AND movements.acquirer = file.acquirer AND movements.settled_on = line."settledOn"
      AND movements.kind = line.kind AND movements.reference = line.reference
      AND (movements.operation_key, movements.dispute, movements.currency)
        IS NOT DISTINCT FROM (line."operationKey", line.dispute, line.currency)
  ) AS before
  WHERE NOT EXISTS (SELECT FROM lines WHERE file = of_file AND lines.place = line.place AND lines.part = line.part)
$$;

-- Takes lines of a file, each once, and matches what they say. How many were new to the file.
CREATE FUNCTION settlement.take(of_file int, told jsonb, at timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
DECLARE
  fresh bigint[];
  touched bigint[];
BEGIN
  -- Two that read one file do so one after the other.
  PERFORM FROM files WHERE file = of_file FOR UPDATE;
  INSERT INTO movements (
    acquirer, settled_on, kind, reference, operation_key, dispute, currency, occurrence, gross, cost, received_at)
  SELECT acquirer, settled_on, kind, reference, operation_key, dispute, currency, occurrence, gross, cost, at
  FROM said(of_file, told)
  -- Two files that say the same take it in one order.
  ORDER BY acquirer, settled_on, kind, reference, operation_key, dispute, currency, occurrence
  ON CONFLICT ON CONSTRAINT said_once DO NOTHING;
  WITH known AS MATERIALIZED (
    SELECT line.place, line.part, movements.movement, line.gross, line.cost, movements.gross AS said_gross, movements.cost AS said_cost
    FROM said(of_file, told) AS line
    JOIN movements USING (acquirer, settled_on, kind, reference, occurrence)
    WHERE (movements.operation_key, movements.dispute, movements.currency)
      IS NOT DISTINCT FROM (line.operation_key, line.dispute, line.currency)
  ), noted AS (
    INSERT INTO lines (file, place, part, movement) SELECT of_file, place, part, movement FROM known RETURNING movement
  ), costed AS (
    -- A statement has the costs of a day in one line, a file of lines has each with what it is of.
    UPDATE movements SET cost = known.cost FROM known
    WHERE movements.movement = known.movement AND said_cost = 0 AND known.cost > 0
  ), contradicted AS (
    INSERT INTO flaws (file, place, reason, text, ends_file)
    SELECT of_file, place, format('an earlier line says gross %s, cost %s', said_gross, said_cost),
      format('gross %s, cost %s', gross, cost), false
    FROM known WHERE gross <> said_gross OR cost > 0 AND said_cost > 0 AND cost <> said_cost
    ON CONFLICT DO NOTHING
  )
  SELECT array_agg(movement) INTO fresh FROM noted;
  IF fresh IS NULL THEN RETURN 0; END IF;
  SELECT array_agg(DISTINCT expected.expected) INTO touched
  FROM movements
  JOIN expected ON expected.acquirer = movements.acquirer AND expected.operation_key = movements.operation_key
  WHERE movements.movement = ANY (fresh) AND movements.expected IS NULL;
  IF touched IS NOT NULL THEN PERFORM meet(touched, at); END IF;
  RETURN cardinality(fresh);
END
$$;

-- Keeps what of a file could not be taken.
CREATE FUNCTION settlement.refuse(of_file int, at_place int, why text, what text, is_end boolean) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
  INSERT INTO flaws (file, place, reason, text, ends_file) VALUES (of_file, at_place, why, what, is_end) ON CONFLICT DO NOTHING
$$;

-- The file was read to its end.
CREATE FUNCTION settlement.finish(of_file int, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
  UPDATE files SET read_at = at WHERE file = of_file AND read_at IS NULL
$$;

-- What only time shows: what came and nobody knows of, though the books are no longer behind; and what has not come.
CREATE FUNCTION settlement.look(at timestamptz, books_behind interval) RETURNS void
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
  ON CONFLICT ON CONSTRAINT found_once DO NOTHING;
  INSERT INTO breaks (kind, acquirer, book, currency, amount, expected, opened_at)
  SELECT 'missing', acquirer, book, currency, -gross, expected, at
  FROM expected AS owed
  WHERE settled_on IS NULL AND booked_on < (at AT TIME ZONE 'UTC')::date - days_at_most()
    AND NOT EXISTS (SELECT FROM movements WHERE movements.expected = owed.expected)
  ON CONFLICT ON CONSTRAINT found_once DO NOTHING;
END
$$;

-- Says something about a break: who looks at it, what is known of it, or that it is decided, with the entry that puts it right.
CREATE FUNCTION settlement.note(of_break bigint, by_whom text, what text, why text, by_entry text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
BEGIN
  PERFORM FROM breaks WHERE break = of_break AND closed_at IS NULL FOR UPDATE;
  IF NOT FOUND AND what <> 'commented' THEN
    RAISE EXCEPTION 'it is closed, or was never found' USING ERRCODE = 'no_data_found';
  END IF;
  IF by_entry IS NOT NULL AND NOT EXISTS (SELECT FROM books.records WHERE names = by_entry) THEN
    RAISE EXCEPTION 'the books have no entry %', by_entry USING ERRCODE = 'foreign_key_violation';
  END IF;
  INSERT INTO notes (break, noted_at, who, act, words, entry) VALUES (of_break, at, by_whom, what, why, by_entry);
  UPDATE breaks SET
    assignee = CASE what WHEN 'assigned' THEN why ELSE assignee END,
    closed_at = CASE what WHEN 'resolved' THEN at ELSE closed_at END,
    closed_as = CASE what WHEN 'resolved' THEN 'decided' ELSE closed_as END
  WHERE break = of_break;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA settlement FROM PUBLIC;
GRANT USAGE ON SCHEMA settlement TO reconciler;
GRANT SELECT ON ALL TABLES IN SCHEMA settlement TO reconciler;
GRANT EXECUTE ON FUNCTION settlement.begin, settlement.take, settlement.refuse, settlement.finish, settlement.look TO reconciler;
