-- What settlement means for the ledger: entries that say what came, what of it is in question, and what was decided. The
-- ledger is told by whoever asks here; nothing is told twice.

-- What is to be posted, word for word, under the id `je_settlement.<entry>`.
CREATE TABLE settlement.entries (
  entry bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  book text NOT NULL,
  currency char(3) NOT NULL,
  -- The day (UTC) on which the money moved.
  moved_on date NOT NULL,
  legs jsonb NOT NULL,
  drafted_at timestamptz NOT NULL,
  -- When the ledger had it.
  posted_at timestamptz
);
CREATE INDEX entries_unposted ON settlement.entries (entry) WHERE posted_at IS NULL;
CREATE INDEX ON settlement.entries (posted_at);

-- In whose book a movement is posted, and with which cost: null where it is in none.
ALTER TABLE settlement.movements
  ADD COLUMN posted_book text,
  ADD COLUMN posted_cost bigint NOT NULL DEFAULT 0,
  ADD COLUMN to_post boolean NOT NULL DEFAULT true;
CREATE INDEX movements_to_post ON settlement.movements (movement) WHERE to_post;

-- What of a break is in suspense (1900), credits positive; what was moved on by a decision, and whither.
ALTER TABLE settlement.breaks
  ADD COLUMN suspended numeric NOT NULL DEFAULT 0,
  ADD COLUMN corrected numeric NOT NULL DEFAULT 0,
  ADD COLUMN corrected_to text,
  -- The account of the chart that somebody decided on.
  ADD COLUMN decided_to text CHECK (decided_to IN ('1100', '5000', '5100', '5200')),
  -- The entry that moved it last.
  ADD COLUMN moved_by bigint REFERENCES settlement.entries,
  ADD COLUMN to_post boolean NOT NULL DEFAULT true;
CREATE INDEX breaks_to_post ON settlement.breaks (break) WHERE to_post;

-- When somebody decided that what lacks will not come from the acquirer.
ALTER TABLE settlement.expected ADD COLUMN decided_at timestamptz;

CREATE FUNCTION settlement.mark_to_post() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.to_post := true;
  RETURN NEW;
END
$$;
CREATE TRIGGER to_post BEFORE UPDATE OF expected, cost ON settlement.movements FOR EACH ROW
  WHEN ((OLD.expected, OLD.cost) IS DISTINCT FROM (NEW.expected, NEW.cost)) EXECUTE FUNCTION settlement.mark_to_post();
CREATE TRIGGER to_post BEFORE UPDATE OF amount, closed_as ON settlement.breaks FOR EACH ROW
  WHEN ((OLD.amount, OLD.closed_as) IS DISTINCT FROM (NEW.amount, NEW.closed_as))
  EXECUTE FUNCTION settlement.mark_to_post();

-- The book of what belongs to no merchant, or to none that is known: the operator's own.
CREATE FUNCTION settlement.own_book() RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'mer_operator' $$;

-- Writes an entry for each book, day and currency of what accounts are credited with, debits negative. What comes to
-- nothing is no leg, and an entry without legs is none.
CREATE FUNCTION settlement.write_entries(credits jsonb, at timestamptz) RETURNS TABLE (entry bigint, book text, currency char(3))
LANGUAGE sql SET search_path = settlement, pg_temp AS $$
  INSERT INTO entries AS written (book, currency, moved_on, legs, drafted_at)
  SELECT book, currency, moved_on,
    jsonb_agg(jsonb_build_object(
      'account', account, 'side', CASE WHEN amount > 0 THEN 'credit' ELSE 'debit' END, 'amount', abs(amount)) ORDER BY account),
    at
  FROM (
    SELECT each.book, each.currency, each.moved_on, each.account, sum(each.amount) AS amount
    FROM jsonb_to_recordset(credits) AS each (book text, currency char(3), moved_on date, account text, amount numeric)
    GROUP BY 1, 2, 3, 4 HAVING sum(each.amount) <> 0
  ) AS leg
  GROUP BY book, currency, moved_on ORDER BY book, currency, moved_on
  RETURNING written.entry, written.book, written.currency
$$;

-- The ledger has an entry.
CREATE FUNCTION settlement.posted(of_entry bigint, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
  UPDATE entries SET posted_at = at WHERE entry = of_entry
$$;

-- Suspense as it must be and as the books have it, by book and currency; credits positive.
CREATE FUNCTION settlement.suspense() RETURNS TABLE (book text, currency char(3), open numeric, drafted numeric, booked numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
  SELECT book, currency, coalesce(sum(open), 0), coalesce(sum(drafted), 0), coalesce(sum(booked), 0)
  FROM (
    SELECT coalesce(book, own_book()) AS book, currency, CASE WHEN closed_at IS NULL THEN amount END AS open,
      suspended AS drafted, NULL::numeric AS booked
    FROM breaks WHERE closed_at IS NULL OR suspended <> 0
    UNION ALL
    SELECT book, currency, NULL, NULL, credits - debits FROM books.days WHERE account LIKE '%:1900:%'
  ) AS each
  GROUP BY book, currency
$$;

-- As it was (0006), and a decision about what nobody knew of is undone when the books know of it.
CREATE OR REPLACE FUNCTION settlement.meet(owed bigint[], at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = settlement, pg_temp AS $$
DECLARE
  touched bigint[];
  moved bigint[];
BEGIN
  -- Before any movement, and in one order: two that hold what the other wants would wait for each other for ever.
  PERFORM FROM expected WHERE expected = ANY (owed) ORDER BY expected FOR NO KEY UPDATE;
  WITH met AS (
    UPDATE movements SET expected = known.expected
    FROM expected AS known
    WHERE movements.expected IS NULL AND known.expected = ANY (owed)
      AND movements.acquirer = known.acquirer AND movements.operation_key = known.operation_key
    RETURNING known.expected, movements.movement
  )
  SELECT array_agg(DISTINCT met.expected), array_agg(met.movement) INTO touched, moved FROM met;
  -- Behind them, and not with them: whoever looked meanwhile may have opened one.
  UPDATE breaks SET closed_at = at, closed_as = 'matched'
  WHERE movement = ANY (moved);
  IF touched IS NOT NULL THEN PERFORM judge(touched, at); END IF;
END
$$;

-- Says something about a break: who looks at it, what is known of it, or that it is decided, and to which account of the
-- chart what is in question belongs: 1100 where the acquirer owes it still, or is owed it.
DROP FUNCTION settlement.note(bigint, text, text, text, text, timestamptz);
CREATE FUNCTION settlement.note(of_break bigint, by_whom text, what text, why text, belongs_to text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
DECLARE
  owed bigint;
BEGIN
  SELECT expected INTO owed FROM breaks WHERE break = of_break AND closed_at IS NULL FOR UPDATE;
  IF NOT FOUND AND what <> 'commented' THEN
    RAISE EXCEPTION 'it is closed, or was never found' USING ERRCODE = 'no_data_found';
  END IF;
  INSERT INTO notes (break, noted_at, who, act, words) VALUES (of_break, at, by_whom, what, why);
  UPDATE breaks SET
    assignee = CASE what WHEN 'assigned' THEN why ELSE assignee END,
    closed_at = CASE what WHEN 'resolved' THEN at ELSE closed_at END,
    closed_as = CASE what WHEN 'resolved' THEN 'decided' ELSE closed_as END,
    decided_to = CASE what WHEN 'resolved' THEN belongs_to ELSE decided_to END
  WHERE break = of_break;
  -- What will not come from the acquirer is nothing that the merchant waits for.
  IF what = 'resolved' AND belongs_to <> '1100' THEN
    UPDATE expected SET decided_at = at WHERE expected = owed;
  END IF;
END
$$;
ALTER TABLE settlement.notes DROP COLUMN entry;

-- As it was (0006), but that each line finds its movement by its key. A plan that was made while there were few movements
-- would read and sort all of them for every batch.
CREATE OR REPLACE FUNCTION settlement.take(of_file int, told jsonb, at timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp SET enable_seqscan = off AS $$
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
    CROSS JOIN LATERAL (
      SELECT * FROM movements
      WHERE (movements.acquirer, movements.settled_on, movements.kind, movements.reference, movements.occurrence)
          = (line.acquirer, line.settled_on, line.kind, line.reference, line.occurrence)
        AND (movements.operation_key, movements.dispute, movements.currency)
          IS NOT DISTINCT FROM (line.operation_key, line.dispute, line.currency)
      LIMIT 1
    ) AS movements
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

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA settlement FROM PUBLIC;
GRANT SELECT ON settlement.entries TO reconciler;
GRANT EXECUTE ON FUNCTION settlement.posted, settlement.suspense TO reconciler;
