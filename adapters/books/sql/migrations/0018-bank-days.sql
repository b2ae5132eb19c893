-- An entry of our account pays the day that somebody says, where its words name none or another one.

CREATE TABLE settlement.bank_decisions (
  decision bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  movement bigint NOT NULL REFERENCES settlement.bank_movements,
  -- What it was said to pay until then.
  instead_of bigint NOT NULL REFERENCES settlement.payouts,
  payout bigint NOT NULL REFERENCES settlement.payouts,
  who text NOT NULL CHECK (who <> ''),
  words text NOT NULL CHECK (words <> ''),
  decided_at timestamptz NOT NULL
);
CREATE INDEX ON settlement.bank_decisions (movement);
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.bank_decisions FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();

-- Says which day of an acquirer an entry pays. Both that day and what it was of are looked at again: breaks that were about
-- either close by themselves, and entries follow.
CREATE FUNCTION settlement.pays(of_movement bigint, to_acquirer text, to_day date, by_whom text, why text, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
DECLARE
  entry bank_movements;
  target bigint;
BEGIN
  SELECT * INTO entry FROM bank_movements WHERE movement = of_movement FOR UPDATE;
  IF NOT FOUND THEN RAISE EXCEPTION 'there is no such entry' USING ERRCODE = 'no_data_found'; END IF;
  SELECT payout INTO target FROM payouts
  WHERE (acquirer, settled_on, currency) = (to_acquirer, to_day, entry.currency) AND unnamed IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'nothing of % for % in % is on its way', to_acquirer, to_day, entry.currency USING ERRCODE = 'no_data_found';
  END IF;
  IF target = entry.payout THEN
    RAISE EXCEPTION 'it pays that day already' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  -- Whoever drafts holds one of them until it has written what it saw.
  UPDATE payouts SET to_clear = true WHERE payout IN (entry.payout, target);
  UPDATE bank_movements SET payout = target WHERE movement = of_movement;
  INSERT INTO bank_decisions (movement, instead_of, payout, who, words, decided_at)
  VALUES (of_movement, entry.payout, target, by_whom, why, at);
END
$$;

REVOKE EXECUTE ON FUNCTION settlement.pays FROM PUBLIC;
GRANT SELECT ON settlement.bank_decisions TO reconciler;
