-- The day on which a record counts.
CREATE FUNCTION books.booked_on(moved timestamptz, recorded timestamptz) RETURNS date
LANGUAGE sql STABLE SET search_path = books, pg_temp AS $$
  SELECT greatest(
    (moved AT TIME ZONE 'UTC')::date,
    (SELECT max(ends_on) + 1 FROM closings WHERE closed_at <= recorded)
  )
$$;

-- Adds records of the journal, all or none; those that are there already are passed over. How many it added.
CREATE FUNCTION books.add(events jsonb) RETURNS int LANGUAGE plpgsql SET search_path = books, pg_temp AS $$
DECLARE
  wrong text;
  added int;
BEGIN
  SELECT event->>'id' INTO wrong
  FROM jsonb_array_elements(events) AS each (event)
  JOIN records ON records.event_id = event->>'id'
  WHERE records.digest <> sha256(convert_to(event::text, 'UTF8'))
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'another event with the id % is in the books', wrong USING ERRCODE = 'unique_violation';
  END IF;
  SELECT event->>'id' INTO wrong
  FROM jsonb_array_elements(events) AS each (event)
  WHERE event->>'type' IN ('ledger.posted', 'ledger.held', 'ledger.hold_posted')
    AND jsonb_array_length(event->'record'->'legs') < 2
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the record % moves nothing', wrong USING ERRCODE = 'check_violation';
  END IF;

  WITH told AS (
    SELECT DISTINCT ON (event)
      event, event->>'id' AS event_id, event->>'book' AS book, event->'record' AS record,
      split_part(event->>'type', '.', 2) AS kind, (event->>'created_at')::timestamptz AS recorded_at
    FROM jsonb_array_elements(events) AS each (event)
    WHERE NOT EXISTS (SELECT FROM records WHERE event_id = event->>'id')
  ), fresh AS (
    INSERT INTO records (
      event_id, book, entry, kind, posted_as, reverses, refusal, recorded_at, effective_at, booked_on, digest)
    SELECT event_id, book, record->>'entry', kind, record->>'posted_as', record->>'reverses', record->>'refusal',
      recorded_at, (record->>'effective_at')::timestamptz,
      booked_on(coalesce((record->>'effective_at')::timestamptz, recorded_at), recorded_at),
      sha256(convert_to(event::text, 'UTF8'))
    FROM told
    RETURNING event_id, booked_on
  ), moved AS (
    INSERT INTO postings (event_id, effect, place, book, account, currency, side, amount, booked_on)
    SELECT event_id,
      CASE WHEN part = 'released' THEN 'released' WHEN kind = 'held' THEN 'held' ELSE 'posted' END,
      leg.n - 1, book, leg.leg->>'account', leg.leg->>'currency', leg.leg->>'side', (leg.leg->>'amount')::bigint,
      fresh.booked_on
    FROM told JOIN fresh USING (event_id)
    CROSS JOIN (VALUES ('legs'), ('released')) AS parts (part)
    CROSS JOIN LATERAL jsonb_array_elements(record->part) WITH ORDINALITY AS leg (leg, n)
    -- What a refused entry proposed moves nothing.
    WHERE kind <> 'refused'
    RETURNING effect, book, account, currency, side, amount, booked_on
  ), opened AS (
    INSERT INTO accounts SELECT DISTINCT book, account, currency FROM moved ORDER BY book, account, currency
    ON CONFLICT (book, account) DO NOTHING
  ), summed AS (
    INSERT INTO days AS day
    SELECT book, account, currency, booked_on,
      coalesce(sum(amount) FILTER (WHERE effect = 'posted' AND side = 'debit'), 0),
      coalesce(sum(amount) FILTER (WHERE effect = 'posted' AND side = 'credit'), 0),
      coalesce(sum(CASE effect WHEN 'held' THEN amount WHEN 'released' THEN -amount END) FILTER (WHERE side = 'debit'), 0),
      coalesce(sum(CASE effect WHEN 'held' THEN amount WHEN 'released' THEN -amount END) FILTER (WHERE side = 'credit'), 0)
    FROM moved GROUP BY book, account, currency, booked_on
    -- Two that add at once take their days in one order, and neither waits for the other for ever.
    ORDER BY book, account, currency, booked_on
    ON CONFLICT (book, account, currency, booked_on) DO UPDATE SET
      debits = day.debits + excluded.debits, credits = day.credits + excluded.credits,
      debits_held = day.debits_held + excluded.debits_held, credits_held = day.credits_held + excluded.credits_held
  )
  SELECT count(*) INTO added FROM fresh;
  RETURN added;
END
$$;

-- Posts records of the journal as they were told: each once, whoever brings it and however often. One that the constraints
-- refuse is parked with what they say, and holds up none of the others.
CREATE FUNCTION books.post(events jsonb, OUT posted int, OUT parked int)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = books, pg_temp AS $$
DECLARE
  one jsonb;
BEGIN
  parked := 0;
  -- Nobody closes a period between the look at the closings and the end of this transaction.
  PERFORM pg_advisory_xact_lock_shared(hashtext('books.close'));
  BEGIN
    posted := add(events);
    RETURN;
  EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
    posted := 0;
  END;
  FOR one IN SELECT jsonb_array_elements(events) LOOP
    BEGIN
      posted := posted + add(jsonb_build_array(one));
    EXCEPTION WHEN integrity_constraint_violation OR data_exception THEN
      INSERT INTO parked (digest, reason, event)
      VALUES (sha256(convert_to(one::text, 'UTF8')), SQLERRM, one::text)
      ON CONFLICT DO NOTHING;
      parked := parked + 1;
    END;
  END LOOP;
END
$$;

-- Parks what is no record at all.
CREATE FUNCTION books.park(line text, why text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = books, pg_temp AS $$
  INSERT INTO parked (digest, reason, event) VALUES (sha256(convert_to(line, 'UTF8')), why, line)
  ON CONFLICT DO NOTHING
$$;

-- Closes all bookkeeping up to a day (UTC). Whatever is recorded from then on about those days counts on the day after it.
CREATE FUNCTION books.close(up_to date, who text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = books, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('books.close'));
  IF up_to >= (now() AT TIME ZONE 'UTC')::date THEN
    RAISE EXCEPTION '% is not over yet', up_to USING ERRCODE = 'check_violation';
  END IF;
  IF up_to <= (SELECT max(ends_on) FROM closings) THEN
    RAISE EXCEPTION '% is closed already', up_to USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO closings (ends_on, closed_by) VALUES (up_to, who);
END
$$;
