-- Which payments are paid out: whoever asks here settles them.
ALTER TABLE settlement.expected
  -- Whoever settles its payment has until then.
  ADD COLUMN releasing_until timestamptz,
  -- When its payment was settled.
  ADD COLUMN released_at timestamptz;
CREATE INDEX expected_covered ON settlement.expected (book, currency, expected)
  WHERE released_at IS NULL AND gross > 0 AND (settled >= gross OR decided_at IS NOT NULL);

-- What payments were captured for, and has come, or will not come: of what lacks, every question is decided.
CREATE VIEW settlement.covered AS
  SELECT owed.expected, owed.book, owed.currency, owed.operation_key, owed.releasing_until
  FROM settlement.expected AS owed
  WHERE owed.released_at IS NULL AND owed.gross > 0 AND (owed.settled >= owed.gross OR owed.decided_at IS NOT NULL)
    AND owed.operation_key LIKE 'pay\_%:capture:1'
    AND (owed.settled >= owed.gross OR NOT EXISTS (
      SELECT FROM settlement.breaks WHERE breaks.expected = owed.expected AND breaks.closed_at IS NULL));

-- Takes payments of one book and currency for whoever settles them: nobody else takes them until then.
CREATE FUNCTION settlement.claim(most int, at timestamptz, until timestamptz)
RETURNS TABLE (expected bigint, book text, currency char(3), operation_key text)
LANGUAGE sql SECURITY DEFINER SET search_path = settlement, pg_temp
-- The index has them in order: whatever is known of how many there are, it never has to look at all.
SET enable_bitmapscan = off SET enable_sort = off AS $$
  WITH first AS (
    SELECT covered.book, covered.currency FROM covered
    WHERE covered.releasing_until IS NULL OR covered.releasing_until <= at
    ORDER BY covered.book, covered.currency LIMIT 1
  ), taken AS (
    SELECT covered.expected FROM covered
    WHERE (covered.book, covered.currency) = (SELECT first.book, first.currency FROM first)
      AND (covered.releasing_until IS NULL OR covered.releasing_until <= at)
    ORDER BY covered.expected LIMIT most
  ), locked AS (
    SELECT owed.expected FROM expected AS owed WHERE owed.expected IN (SELECT taken.expected FROM taken)
      -- Asked once more: somebody may have taken it since this statement began.
      AND (owed.releasing_until IS NULL OR owed.releasing_until <= at)
    ORDER BY owed.expected FOR NO KEY UPDATE SKIP LOCKED
  )
  UPDATE expected AS owed SET releasing_until = until
  FROM locked WHERE owed.expected = locked.expected
  RETURNING owed.expected, owed.book, owed.currency, owed.operation_key
$$;

-- Payments are settled.
CREATE FUNCTION settlement.released(which bigint[], at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
  UPDATE expected SET released_at = at WHERE expected = ANY (which)
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA settlement FROM PUBLIC;
GRANT EXECUTE ON FUNCTION settlement.claim, settlement.released TO reconciler;
