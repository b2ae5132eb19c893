-- What our bank says of our account: money on its way (1050) arrives (1000), a day of an acquirer at once, across books.
-- Amounts are minor units of their currency, negative where our account is debited.

-- An entry of our account, once, however many statements and notifications say so.
CREATE TABLE settlement.bank_movements (
  movement bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  -- The bank's own.
  reference text NOT NULL,
  booked_on date NOT NULL,
  currency char(3) NOT NULL,
  amount bigint NOT NULL CHECK (amount <> 0),
  -- The n-th in a file that says the same more than once.
  occurrence int NOT NULL CHECK (occurrence > 0),
  party text,
  words text NOT NULL,
  received_at timestamptz NOT NULL,
  payout bigint NOT NULL,
  CONSTRAINT booked_once UNIQUE (reference, booked_on, currency, amount, occurrence)
);
CREATE INDEX ON settlement.bank_movements (payout, booked_on);
CREATE INDEX ON settlement.bank_movements (booked_on);

-- Which entry of which file said so.
CREATE TABLE settlement.bank_lines (
  file int NOT NULL REFERENCES settlement.files,
  place int NOT NULL CHECK (place > 0),
  part int NOT NULL CHECK (part > 0),
  movement bigint NOT NULL REFERENCES settlement.bank_movements,
  PRIMARY KEY (file, place, part)
);
CREATE INDEX ON settlement.bank_lines (movement);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.bank_lines FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();

-- What an acquirer pays out for a day in a currency, by any number of entries of our account.
CREATE TABLE settlement.payouts (
  payout bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  acquirer text NOT NULL,
  settled_on date NOT NULL,
  currency char(3) NOT NULL,
  -- Of an entry that names no acquirer and day: which one. It is of 'bank' then, on the day on which it was booked.
  unnamed text,
  -- What entries come to, and what shares do, as they were when it was looked at last.
  paid numeric NOT NULL DEFAULT 0,
  due numeric NOT NULL DEFAULT 0,
  -- The books have their shares: both are the same, or somebody decided what becomes of the difference.
  is_even boolean NOT NULL DEFAULT false,
  -- When either changed.
  changed_at timestamptz NOT NULL,
  to_clear boolean NOT NULL DEFAULT true,
  CONSTRAINT paid_as_one UNIQUE NULLS NOT DISTINCT (acquirer, settled_on, currency, unnamed)
);
CREATE INDEX payouts_open ON settlement.payouts (payout) WHERE to_clear OR NOT is_even;
ALTER TABLE settlement.bank_movements ADD FOREIGN KEY (payout) REFERENCES settlement.payouts;

-- What of a payout is a book's: what its entries have on its way (1050), and what of that the bank's entries have cleared.
CREATE TABLE settlement.shares (
  payout bigint NOT NULL REFERENCES settlement.payouts,
  book text NOT NULL,
  due numeric NOT NULL DEFAULT 0,
  cleared numeric NOT NULL DEFAULT 0,
  PRIMARY KEY (payout, book)
);

ALTER TABLE settlement.breaks
  ADD COLUMN payout bigint REFERENCES settlement.payouts,
  DROP CONSTRAINT breaks_kind_check,
  ADD CONSTRAINT breaks_kind_check CHECK (kind IN ('missing', 'unexpected', 'over', 'under', 'duplicate', 'wrong_currency', 'late',
    'bank_missing', 'bank_unexpected', 'bank_over', 'bank_under')),
  DROP CONSTRAINT breaks_check1,
  ADD CONSTRAINT of_something CHECK (num_nonnulls(expected, movement, payout) > 0),
  DROP CONSTRAINT found_once,
  ADD CONSTRAINT found_once UNIQUE NULLS NOT DISTINCT (kind, expected, movement, payout);
CREATE INDEX ON settlement.breaks (payout) WHERE payout IS NOT NULL;

-- Days (UTC) from the one that an acquirer settles to that on which the bank has its money, at most: a weekend is among them.
CREATE FUNCTION settlement.bank_days_at_most() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 5 $$;

-- The bank would have told of what was paid for a day by now. Of days before its first entry nobody asks.
CREATE FUNCTION settlement.bank_is_past(day date, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = settlement, pg_temp AS $$
  SELECT day < (at AT TIME ZONE 'UTC')::date - bank_days_at_most()
    AND day >= coalesce((SELECT min(booked_on) FROM bank_movements), 'infinity')
$$;

-- The books may have their shares: what came is what is due, or somebody decided what becomes of the difference.
CREATE FUNCTION settlement.comes_out(which settlement.payouts, at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = settlement, pg_temp AS $$
  SELECT CASE
    -- Nothing is paid where all shares come to nothing.
    WHEN which.paid = which.due THEN which.paid <> 0 OR bank_is_past(which.settled_on, at)
    ELSE EXISTS (
      SELECT FROM breaks WHERE breaks.payout = which.payout AND closed_as = 'decided' AND decided_to <> '1100')
  END
$$;

-- Entries of a file that are new to it: each with its number among those that say the same in that file.
CREATE FUNCTION settlement.bank_said(of_file int, told jsonb) RETURNS TABLE (
  place int, part int, reference text, booked_on date, currency char(3), amount bigint, occurrence int, party text, words text,
  acquirer text, settled_on date, unnamed text
) LANGUAGE sql STABLE SET search_path = settlement, pg_temp AS $$
  SELECT counted.place, counted.part, counted.reference, counted."bookedOn", counted.currency, counted.amount, counted.occurrence,
    counted.party, counted.words,
    coalesce(counted.acquirer, 'bank'), coalesce(counted."settledOn", counted."bookedOn"),
    CASE WHEN counted.acquirer IS NULL THEN concat_ws(' ', counted.reference, counted.amount, counted.occurrence) END
  FROM (
    SELECT line.*, (before.count + row_number() OVER (
      PARTITION BY line.reference, line."bookedOn", line.currency, line.amount ORDER BY line.place, line.part))::int AS occurrence
    FROM jsonb_to_recordset(told) AS line (
      place int, part int, reference text, "bookedOn" date, currency char(3), amount bigint, party text, words text,
      acquirer text, "settledOn" date)
    CROSS JOIN LATERAL (
      SELECT count(*) FROM bank_movements JOIN bank_lines USING (movement)
      WHERE file = of_file AND bank_movements.reference = line.reference AND bank_movements.booked_on = line."bookedOn"
        AND bank_movements.currency = line.currency AND bank_movements.amount = line.amount
    ) AS before
    WHERE NOT EXISTS (SELECT FROM bank_lines WHERE file = of_file AND bank_lines.place = line.place AND bank_lines.part = line.part)
  ) AS counted
$$;

-- Takes entries of a file of our bank, each once. How many were new to the file.
CREATE FUNCTION settlement.take_bank(of_file int, told jsonb, at timestamptz) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
DECLARE
  fresh int;
BEGIN
  -- Two that read one file do so one after the other.
  PERFORM FROM files WHERE file = of_file FOR UPDATE;
  INSERT INTO payouts (acquirer, settled_on, currency, unnamed, changed_at)
  SELECT DISTINCT acquirer, settled_on, currency, unnamed, at FROM bank_said(of_file, told)
  ORDER BY acquirer, settled_on, currency, unnamed
  ON CONFLICT ON CONSTRAINT paid_as_one DO UPDATE SET to_clear = true;
  INSERT INTO bank_movements (reference, booked_on, currency, amount, occurrence, party, words, received_at, payout)
  SELECT reference, booked_on, currency, amount, occurrence, party, words, at, payout
  FROM bank_said(of_file, told) AS line JOIN payouts USING (acquirer, settled_on, currency)
  WHERE payouts.unnamed IS NOT DISTINCT FROM line.unnamed
  ORDER BY reference, booked_on, currency, amount, occurrence
  ON CONFLICT ON CONSTRAINT booked_once DO NOTHING;
  WITH noted AS (
    INSERT INTO bank_lines (file, place, part, movement)
    SELECT of_file, place, part, movement
    FROM bank_said(of_file, told) JOIN bank_movements USING (reference, booked_on, currency, amount, occurrence)
    RETURNING movement
  )
  SELECT count(*) INTO fresh FROM noted;
  RETURN fresh;
END
$$;

-- What of payouts is not as it is due, as it stands now: positive where more came.
CREATE FUNCTION settlement.bank_disagreements(touched bigint[]) RETURNS TABLE (
  kind text, acquirer text, currency char(3), amount numeric, payout bigint
) LANGUAGE sql STABLE SET search_path = settlement, pg_temp AS $$
  SELECT CASE
      WHEN paid = 0 THEN 'bank_missing'
      WHEN due = 0 THEN 'bank_unexpected'
      WHEN (paid - due) * sign(due) > 0 THEN 'bank_over'
      ELSE 'bank_under'
    END, acquirer, currency, paid - due, payout
  FROM payouts WHERE payout = ANY (touched) AND paid <> due
$$;

-- Drafts what the bank's entries mean: of each book its share, debit 1000, credit 1050, once they come to what is due. Until
-- then what came is in the operator's own book; and so is the difference, once somebody decided what it is. How many it
-- looked at.
CREATE FUNCTION settlement.draft_bank(most int, at timestamptz) RETURNS int
LANGUAGE plpgsql SET search_path = settlement, pg_temp AS $$
DECLARE
  touched bigint[];
  credits jsonb;
BEGIN
  -- Whoever holds one changes it: it is looked at the next time.
  SELECT array_agg(payout) INTO touched FROM (
    SELECT payout FROM payouts WHERE to_clear OR NOT is_even AND comes_out(payouts, at)
    ORDER BY payout LIMIT most FOR NO KEY UPDATE SKIP LOCKED
  ) AS due;
  IF touched IS NULL THEN RETURN 0; END IF;
  INSERT INTO shares (payout, book) SELECT unnest(touched), own_book() ON CONFLICT DO NOTHING;
  UPDATE payouts SET paid = stands.paid, due = stands.due, to_clear = false,
    changed_at = CASE WHEN (payouts.paid, payouts.due) = (stands.paid, stands.due) THEN changed_at ELSE at END
  FROM (
    SELECT payout, coalesce((SELECT sum(amount) FROM bank_movements WHERE bank_movements.payout = shares.payout), 0) AS paid,
      sum(due) AS due
    FROM shares WHERE payout = ANY (touched) GROUP BY payout
  ) AS stands
  WHERE payouts.payout = stands.payout;

  -- What was found is about another amount now, or about none.
  UPDATE breaks SET amount = found.amount, closed_at = NULL, closed_as = NULL
  FROM bank_disagreements(touched) AS found
  WHERE (breaks.payout, breaks.kind) = (found.payout, found.kind) AND breaks.amount <> found.amount
    AND closed_as IS DISTINCT FROM 'matched';
  UPDATE breaks SET closed_at = at, closed_as = 'matched'
  WHERE payout = ANY (touched) AND closed_as IS DISTINCT FROM 'matched' AND NOT EXISTS (
    SELECT FROM bank_disagreements(touched) AS found WHERE (found.payout, found.kind) = (breaks.payout, breaks.kind));

  UPDATE payouts SET is_even = comes_out(payouts, at) WHERE payout = ANY (touched);
  WITH days AS (
    SELECT payout, acquirer, currency, paid, is_even,
      coalesce((SELECT max(booked_on) FROM bank_movements WHERE bank_movements.payout = payouts.payout), settled_on) AS moved_on
    FROM payouts WHERE payout = ANY (touched)
  ), others AS (
    SELECT payout, book, CASE WHEN is_even THEN due ELSE 0 END AS target
    FROM days JOIN shares USING (payout) WHERE book <> own_book()
  ), targets AS MATERIALIZED (
    SELECT payout, book, target FROM others
    UNION ALL
    SELECT payout, own_book(), paid - coalesce((SELECT sum(target) FROM others WHERE others.payout = days.payout), 0) FROM days
  ), placed AS (
    UPDATE shares SET cleared = target FROM targets
    WHERE (shares.payout, shares.book) = (targets.payout, targets.book) AND cleared <> target
  )
  SELECT jsonb_agg(jsonb_build_object(
    'book', book, 'currency', currency, 'moved_on', moved_on, 'account', leg.account, 'amount', leg.amount))
  INTO credits
  FROM targets JOIN shares USING (payout, book) JOIN days USING (payout)
  CROSS JOIN LATERAL (VALUES
    (concat_ws(':', book, '1000', currency), cleared - target),
    (concat_ws(':', book, '1050', acquirer, currency), target - cleared)
  ) AS leg (account, amount)
  WHERE cleared <> target;
  PERFORM FROM write_entries(coalesce(credits, '[]'), at);
  RETURN cardinality(touched);
END
$$;

-- What only time shows: what came and is not what is due, though the acquirer's files and the bank's had time to meet; and
-- days of which nothing came.
CREATE FUNCTION settlement.look_at_bank(at timestamptz, files_behind interval) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
  INSERT INTO breaks (kind, acquirer, currency, amount, payout, opened_at)
  SELECT found.kind, found.acquirer, found.currency, found.amount, found.payout, at
  FROM bank_disagreements(array(
    -- Those that are even only because somebody decided are not looked at again: the index has the others.
    SELECT payout FROM payouts WHERE NOT is_even AND paid <> due AND NOT to_clear AND changed_at <= at - files_behind
      AND (paid <> 0 OR bank_is_past(settled_on, at))
  )) AS found
  ORDER BY found.payout
  ON CONFLICT ON CONSTRAINT found_once DO UPDATE SET amount = excluded.amount, closed_at = NULL, closed_as = NULL
  WHERE breaks.closed_as = 'matched'
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA settlement FROM PUBLIC;
GRANT SELECT ON settlement.bank_movements, settlement.bank_lines, settlement.payouts, settlement.shares TO reconciler;
GRANT EXECUTE ON FUNCTION settlement.take_bank, settlement.look_at_bank TO reconciler;
