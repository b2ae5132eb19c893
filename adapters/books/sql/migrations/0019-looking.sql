-- What only time shows is found piece by piece, and each once: a file of millions of lines that nobody knows, or a day of
-- which no file came, is then no statement that never ends, nor one that is made again and again.

-- A break has said that nobody knows of it.
ALTER TABLE settlement.movements ADD COLUMN questioned boolean NOT NULL DEFAULT false;
UPDATE settlement.movements SET questioned = true FROM settlement.breaks WHERE breaks.movement = movements.movement AND breaks.kind = 'unexpected';
DROP INDEX settlement.movements_waiting;
CREATE INDEX movements_waiting ON settlement.movements (received_at) WHERE expected IS NULL AND kind <> 'cost' AND NOT questioned;

-- Whether it is missing needs not be asked any more: something of it came, or a break has said that nothing did.
ALTER TABLE settlement.expected ADD COLUMN answered boolean NOT NULL DEFAULT false;
UPDATE settlement.expected SET answered = true FROM settlement.breaks WHERE breaks.expected = expected.expected AND breaks.kind = 'missing';
DROP INDEX settlement.expected_open;
CREATE INDEX expected_unanswered ON settlement.expected (acquirer, booked_on) WHERE settled_on IS NULL AND NOT answered;

-- Only what can be posted is to post: what the books may know of in a moment waits until it is a break.
UPDATE settlement.movements SET to_post = false WHERE to_post AND expected IS NULL AND kind <> 'cost' AND NOT questioned;
ALTER TABLE settlement.movements ALTER COLUMN to_post DROP DEFAULT;
CREATE FUNCTION settlement.is_to_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.to_post := NEW.kind = 'cost';
  RETURN NEW;
END
$$;
CREATE TRIGGER is_to_post BEFORE INSERT ON settlement.movements FOR EACH ROW EXECUTE FUNCTION settlement.is_to_post();
DROP TRIGGER to_post ON settlement.movements;
CREATE TRIGGER to_post BEFORE UPDATE OF expected, cost, questioned ON settlement.movements FOR EACH ROW
  WHEN ((OLD.expected, OLD.cost, OLD.questioned) IS DISTINCT FROM (NEW.expected, NEW.cost, NEW.questioned)
    AND (NEW.expected IS NOT NULL OR NEW.kind = 'cost' OR NEW.questioned))
  EXECUTE FUNCTION settlement.mark_to_post();

-- What came and nobody knows of, though the books are no longer behind. How many it found, `most` where there may be more.
CREATE FUNCTION settlement.look_for_unexpected(most int, at timestamptz, books_behind interval) RETURNS int
LANGUAGE plpgsql SET search_path = settlement, pg_temp SET enable_seqscan = off AS $$
DECLARE
  found bigint[];
BEGIN
  -- A file and the books that were written at the same time did not see each other: those that came last, and those that
  -- would be breaks.
  PERFORM meet(array(
    SELECT DISTINCT known.expected FROM (
      (SELECT acquirer, operation_key FROM movements WHERE expected IS NULL AND kind <> 'cost' AND NOT questioned
       ORDER BY received_at DESC LIMIT most)
      UNION ALL
      (SELECT acquirer, operation_key FROM movements WHERE expected IS NULL AND kind <> 'cost' AND NOT questioned
       ORDER BY received_at LIMIT most)
    ) AS each JOIN expected AS known USING (acquirer, operation_key)
  ), at);
  WITH due AS (
    SELECT movement, acquirer, currency, gross FROM movements
    WHERE expected IS NULL AND kind <> 'cost' AND NOT questioned AND received_at <= at - books_behind
    -- Whoever holds one has heard of it, and what was held is asked once more.
    ORDER BY received_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED
  ), opened AS (
    INSERT INTO breaks (kind, acquirer, currency, amount, movement, opened_at)
    SELECT 'unexpected', acquirer, currency, gross, movement, at FROM due ORDER BY movement
    ON CONFLICT ON CONSTRAINT found_once DO NOTHING
  ), marked AS (
    UPDATE movements SET questioned = true FROM due WHERE movements.movement = due.movement RETURNING movements.movement
  )
  SELECT array_agg(movement) INTO found FROM marked;
  RETURN coalesce(cardinality(found), 0);
END
$$;

-- What has not come, by each acquirer's own days. How many it asked about, `most` where there may be more.
CREATE FUNCTION settlement.look_for_missing(most int, at timestamptz) RETURNS int
LANGUAGE plpgsql SET search_path = settlement, pg_temp SET enable_seqscan = off AS $$
DECLARE
  asked int := 0;
  due bigint[];
  whose text := '';
BEGIN
  LOOP
    -- One acquirer after the other, by the index of what is not answered: each has days of its own.
    SELECT min(acquirer) INTO whose FROM expected WHERE settled_on IS NULL AND NOT answered AND acquirer > whose;
    EXIT WHEN whose IS NULL;
    due := array(
      SELECT expected FROM expected
      WHERE acquirer = whose AND settled_on IS NULL AND NOT answered AND booked_on < (at AT TIME ZONE 'UTC')::date
        - coalesce((SELECT days FROM terms WHERE terms.acquirer = whose), days_at_most())
      -- Whoever holds one has heard of it.
      ORDER BY booked_on LIMIT most - asked FOR NO KEY UPDATE SKIP LOCKED
    );
    -- Behind it, and not with it: nothing comes of what is held, and what came before is seen now.
    INSERT INTO breaks (kind, acquirer, book, currency, amount, expected, opened_at)
    SELECT 'missing', acquirer, book, currency, -gross, expected, at FROM expected AS owed
    WHERE expected = ANY (due) AND NOT EXISTS (SELECT FROM movements WHERE movements.expected = owed.expected)
    ON CONFLICT ON CONSTRAINT found_once DO NOTHING;
    UPDATE expected SET answered = true WHERE expected = ANY (due);
    asked := asked + cardinality(due);
    EXIT WHEN asked >= most;
  END LOOP;
  RETURN asked;
END
$$;

-- What only time shows, so much of it at a time. Whether there may be more.
DROP FUNCTION settlement.look(timestamptz, interval);
CREATE FUNCTION settlement.look(most int, at timestamptz, books_behind interval) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
DECLARE
  unexpected int;
  missing int;
BEGIN
  unexpected := look_for_unexpected(most, at, books_behind);
  missing := look_for_missing(most, at);
  RETURN greatest(unexpected, missing) = most;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA settlement FROM PUBLIC;
GRANT EXECUTE ON FUNCTION settlement.look TO reconciler;
