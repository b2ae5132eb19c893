-- A period is closed by somebody, and not while anything stands against it.

-- How far the books may be behind the ledger: as long as deliveries wait, and some more.
CREATE FUNCTION books.behind_at_most() RETURNS interval LANGUAGE sql IMMUTABLE AS $$ SELECT interval '1 hour' $$;

-- Who closed a period though something stood against it said why; and what it was.
ALTER TABLE books.closings
  ADD COLUMN anyway text CHECK (anyway <> ''),
  ADD COLUMN against jsonb NOT NULL DEFAULT '[]',
  ADD CONSTRAINT nothing_or_anyway CHECK (against = '[]' OR anyway IS NOT NULL);

-- What stands against closing all bookkeeping up to a day; nothing of what an earlier closing has accepted. Breaks of the bank
-- are of the day that was paid out.
CREATE FUNCTION books.against(up_to date, at timestamptz DEFAULT now()) RETURNS TABLE (what text, items bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = settlement, books, pg_temp AS $$
  WITH closed AS (
    SELECT coalesce(max(closed_at), '-infinity') AS lately FROM closings
  ), found (place, what, items) AS (
    SELECT 1, 'books_behind', count(*)
    FROM (SELECT) AS once WHERE at < (up_to + 1)::timestamp AT TIME ZONE 'UTC' + behind_at_most()
    UNION ALL
    SELECT 2, 'open_breaks', count(*)
    FROM breaks LEFT JOIN expected USING (expected) LEFT JOIN movements USING (movement) LEFT JOIN payouts USING (payout)
    WHERE closed_at IS NULL AND least(expected.booked_on, movements.settled_on, payouts.settled_on) <= up_to
    UNION ALL
    SELECT 3, 'unknown_movements', count(*)
    FROM movements
    WHERE expected IS NULL AND kind <> 'cost' AND settled_on <= up_to
      AND NOT EXISTS (SELECT FROM breaks WHERE breaks.movement = movements.movement)
    UNION ALL
    SELECT 4, 'parked_records', count(*) FROM parked, closed WHERE parked_at > closed.lately
    UNION ALL
    SELECT 5, 'unread_files', count(*) FROM files WHERE read_at IS NULL
    UNION ALL
    SELECT 6, 'cut_files', count(*)
    FROM files, closed
    WHERE received_at > closed.lately AND EXISTS (SELECT FROM flaws WHERE flaws.file = files.file AND ends_file)
  )
  SELECT what, items FROM found WHERE items > 0 ORDER BY place
$$;

-- Closes all bookkeeping up to a day (UTC). Whatever is recorded from then on about those days counts on the day after it.
-- Where something stands against it, or besides it by what the caller knows ([{"what", "items"}]), `anyway` has to say why it is
-- closed all the same.
DROP FUNCTION books.close(date, text);
CREATE FUNCTION books.close(up_to date, who text, why text DEFAULT NULL, besides jsonb DEFAULT '[]') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = books, pg_temp AS $$
DECLARE
  stands jsonb;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('books.close'));
  IF up_to >= (now() AT TIME ZONE 'UTC')::date THEN
    RAISE EXCEPTION '% is not over yet', up_to USING ERRCODE = 'check_violation';
  END IF;
  IF up_to <= (SELECT max(ends_on) FROM closings) THEN
    RAISE EXCEPTION '% is closed already', up_to USING ERRCODE = 'check_violation';
  END IF;
  SELECT coalesce(jsonb_agg(jsonb_build_object('what', what, 'items', items)), '[]') || besides INTO stands FROM against(up_to);
  IF stands <> '[]' AND why IS NULL THEN
    RAISE EXCEPTION 'something stands against it: %', stands USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO closings (ends_on, closed_by, anyway, against) VALUES (up_to, who, why, stands);
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA books FROM PUBLIC;
