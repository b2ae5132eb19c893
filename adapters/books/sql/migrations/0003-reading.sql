-- Balances of all accounts at the end of a day. Debits and credits add up to the same in every currency.
CREATE FUNCTION books.trial_balance(at date) RETURNS TABLE (
  book text, account text, currency char(3), debits numeric, credits numeric, debits_held numeric, credits_held numeric
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  SELECT book, account, currency, sum(debits), sum(credits), sum(debits_held), sum(credits_held)
  FROM days WHERE booked_on <= at
  GROUP BY book, account, currency
$$;

-- What an account's balance was made of between two days, both counted, in the order in which it was recorded; with the
-- balance behind each line, debits positive.
CREATE FUNCTION books.statement(of_book text, of_account text, first_day date, last_day date) RETURNS TABLE (
  booked_on date, recorded_at timestamptz, entry text, currency char(3), side text, amount bigint, balance numeric
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  SELECT line.booked_on, record.recorded_at, coalesce(record.posted_as, record.entry), line.currency, line.side, line.amount,
    coalesce((
      SELECT sum(debits - credits) FROM days
      WHERE book = of_book AND account = of_account AND currency = line.currency AND booked_on < first_day
    ), 0) + sum(CASE line.side WHEN 'debit' THEN line.amount ELSE -line.amount END) OVER (
      PARTITION BY line.currency ORDER BY line.booked_on, record.recorded_at, line.event_id, line.place)
  FROM postings AS line JOIN records AS record USING (event_id)
  WHERE line.book = of_book AND line.account = of_account AND line.effect = 'posted'
    AND line.booked_on BETWEEN first_day AND last_day
  ORDER BY line.booked_on, record.recorded_at, line.event_id, line.place
$$;

-- The process that posts may do that and read, and no more: it cannot write past these functions.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reconciler') THEN CREATE ROLE reconciler LOGIN; END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN GRANT rds_iam TO reconciler; END IF;
END
$$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA books FROM PUBLIC;
GRANT USAGE ON SCHEMA books TO reconciler;
GRANT SELECT ON ALL TABLES IN SCHEMA books TO reconciler;
GRANT EXECUTE ON FUNCTION books.post, books.park, books.trial_balance, books.statement TO reconciler;
