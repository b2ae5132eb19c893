-- Drafts entries for what nobody has drafted yet: what movements, the bank's entries and breaks mean for the ledger.

-- Drafts what movements mean where no entry says it yet: gross G, cost C: debit 1050 G − C, debit 5000 C, credit 1100 G.
-- How many it looked at, `most` where there is more to look at.
-- Payouts have their shares of it.
CREATE FUNCTION settlement.draft_movements(most int, at timestamptz) RETURNS int
LANGUAGE plpgsql SET search_path = settlement, pg_temp AS $$
DECLARE
  looked int;
  credits jsonb;
BEGIN
  WITH due AS MATERIALIZED (
    SELECT movement, acquirer, settled_on, currency, kind, gross, cost, posted_book, posted_cost, CASE
      WHEN expected IS NOT NULL THEN (SELECT book FROM expected WHERE expected.expected = movements.expected)
      -- A file of lines has the cost of each, a statement those of a day in one line: one of them counts.
      WHEN kind <> 'cost' OR NOT EXISTS (
        SELECT FROM movements AS line
        WHERE line.acquirer = movements.acquirer AND line.settled_on = movements.settled_on
          AND line.currency = movements.currency AND line.kind <> 'cost' AND line.cost > 0
      ) THEN own_book()
    END AS book
    FROM movements
    -- What the books may know of in a moment waits until it is a break.
    WHERE to_post AND (expected IS NOT NULL OR kind = 'cost'
      OR EXISTS (SELECT FROM breaks WHERE breaks.movement = movements.movement))
    ORDER BY movement LIMIT most
    -- Whoever holds one changes it: it is looked at the next time.
    FOR UPDATE SKIP LOCKED
  ), placed AS (
    UPDATE movements SET posted_book = due.book, posted_cost = CASE WHEN due.book IS NULL THEN 0 ELSE due.cost END, to_post = false
    FROM due WHERE movements.movement = due.movement
  ), again AS (
    -- Costs of a day that were counted, and whose lines have come now.
    UPDATE movements SET to_post = true
    FROM (SELECT DISTINCT acquirer, settled_on, currency FROM due WHERE kind <> 'cost' AND cost > 0) AS day
    WHERE movements.kind = 'cost' AND movements.posted_book IS NOT NULL AND NOT movements.to_post
      AND (movements.acquirer, movements.settled_on, movements.currency) = (day.acquirer, day.settled_on, day.currency)
    RETURNING movement
  ), moved AS (
    SELECT book, acquirer, currency, settled_on, sum(gross) AS gross, sum(cost) AS cost
    FROM (
      SELECT posted_book AS book, acquirer, currency, settled_on, -gross AS gross, -posted_cost AS cost
      FROM due WHERE posted_book IS NOT NULL
      UNION ALL
      SELECT book, acquirer, currency, settled_on, gross, cost FROM due WHERE book IS NOT NULL
    ) AS each
    GROUP BY 1, 2, 3, 4
  ), days AS (
    -- The day first, then its shares: whoever clears it holds it.
    INSERT INTO payouts (acquirer, settled_on, currency, changed_at)
    SELECT DISTINCT acquirer, settled_on, currency, at FROM moved ORDER BY acquirer, settled_on, currency
    ON CONFLICT ON CONSTRAINT paid_as_one DO UPDATE SET to_clear = true
    RETURNING payout, acquirer, settled_on, currency
  ), shared AS (
    INSERT INTO shares (payout, book, due)
    SELECT payout, book, gross - cost FROM moved JOIN days USING (acquirer, settled_on, currency)
    ON CONFLICT (payout, book) DO UPDATE SET due = shares.due + excluded.due
  )
  SELECT CASE WHEN EXISTS (SELECT FROM again) THEN most ELSE (SELECT count(*) FROM due) END, jsonb_agg(jsonb_build_object(
    'book', book, 'currency', currency, 'moved_on', settled_on, 'account', leg.account, 'amount', leg.amount))
  INTO looked, credits
  FROM moved CROSS JOIN LATERAL (VALUES
    (concat_ws(':', book, '1100', acquirer, currency), gross),
    (concat_ws(':', book, '1050', acquirer, currency), cost - gross),
    (concat_ws(':', book, '5000', currency), -cost)
  ) AS leg (account, amount);
  PERFORM FROM write_entries(coalesce(credits, '[]'), at);
  RETURN looked;
END
$$;

-- Drafts what is in question: an open break is in suspense, for as long as it is open; what somebody decided is where he
-- said. What more came than is owed credits 1900, what less came debits it; the other side is the receivable, 1100. How
-- many it looked at.
-- Of what the bank paid it is what is on its way, 1050.
CREATE FUNCTION settlement.draft_breaks(most int, at timestamptz) RETURNS int
LANGUAGE plpgsql SET search_path = settlement, pg_temp AS $$
DECLARE
  looked int;
  moved bigint[];
  credits jsonb;
BEGIN
  WITH due AS MATERIALIZED (
    SELECT break, acquirer, coalesce(book, own_book()) AS book, currency, suspended, corrected, corrected_to,
      CASE WHEN closed_at IS NULL THEN amount ELSE 0 END AS open,
      CASE WHEN closed_as = 'decided' THEN amount ELSE 0 END AS decided,
      side.code AS side, CASE WHEN decided_to <> '1100' THEN decided_to ELSE side.code END AS decided_to
    FROM breaks CROSS JOIN LATERAL (SELECT CASE WHEN payout IS NULL THEN '1100' ELSE '1050' END) AS side (code)
    WHERE to_post ORDER BY break LIMIT most FOR UPDATE OF breaks SKIP LOCKED
  ), placed AS (
    UPDATE breaks SET suspended = due.open, corrected = due.decided, corrected_to = due.decided_to, to_post = false
    FROM due WHERE breaks.break = due.break
  ), moves AS (
    SELECT break, book, acquirer, currency, side, code, amount
    FROM due CROSS JOIN LATERAL (VALUES ('1900', open - suspended), (corrected_to, -corrected), (decided_to, decided))
      AS leg (code, amount)
    WHERE amount <> 0
  ), sides AS (
    SELECT book, acquirer, currency, code, amount FROM moves
    UNION ALL
    SELECT book, acquirer, currency, side, -amount FROM moves
  )
  SELECT (SELECT count(*) FROM due), (SELECT array_agg(break) FROM moves), jsonb_agg(jsonb_build_object(
    'book', book, 'currency', currency, 'moved_on', (at AT TIME ZONE 'UTC')::date, 'amount', amount, 'account',
    concat_ws(':', book, code, CASE WHEN code IN ('1050', '1100') THEN acquirer END, currency)))
  INTO looked, moved, credits FROM sides;
  UPDATE breaks SET moved_by = written.entry
  FROM write_entries(coalesce(credits, '[]'), at) AS written
  WHERE breaks.break = ANY (moved) AND coalesce(breaks.book, own_book()) = written.book AND breaks.currency = written.currency;
  RETURN looked;
END
$$;

-- Drafts entries for what nobody has drafted yet, some of it at a time. Whether there may be more.
CREATE FUNCTION settlement.draft(most int, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
DECLARE
  movements int;
  payouts int;
  breaks int;
BEGIN
  movements := draft_movements(most, at);
  payouts := draft_bank(most, at);
  breaks := draft_breaks(most, at);
  RETURN greatest(movements, payouts, breaks) = most;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA settlement FROM PUBLIC;
GRANT EXECUTE ON FUNCTION settlement.draft TO reconciler;
