-- What finance takes from the books: statements of merchants' money, what is owed against what is held, and large payments. Amounts are minor units of their currency.

-- What a merchant has with us, pending (2100) and available (2110), before a day and what moved in it; credits are the merchant's.
-- A currency is there with both accounts once one of them was ever moved.
CREATE FUNCTION books.merchant_money(of_book text, of_day date) RETURNS TABLE (
  currency char(3), account text, opening numeric, credits numeric, debits numeric, credit_entries bigint, debit_entries bigint
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  WITH held AS (
    SELECT DISTINCT accounts.currency
    FROM accounts JOIN days USING (book, account, currency)
    WHERE accounts.book = of_book AND booked_on <= of_day AND split_part(accounts.account, ':', 2) IN ('2100', '2110')
  ), money AS (
    SELECT held.currency, concat_ws(':', of_book, code, held.currency) AS account
    FROM held CROSS JOIN (VALUES ('2110'), ('2100')) AS codes (code)
  )
  SELECT money.currency, money.account,
    coalesce((SELECT sum(days.credits - days.debits) FROM days
      WHERE days.book = of_book AND days.account = money.account AND booked_on < of_day), 0),
    coalesce(moved.credits, 0), coalesce(moved.debits, 0), moved.credit_entries, moved.debit_entries
  FROM money CROSS JOIN LATERAL (
    SELECT sum(amount) FILTER (WHERE side = 'credit') AS credits, sum(amount) FILTER (WHERE side = 'debit') AS debits,
      count(*) FILTER (WHERE side = 'credit') AS credit_entries, count(*) FILTER (WHERE side = 'debit') AS debit_entries
    FROM postings
    WHERE book = of_book AND account = money.account AND effect = 'posted' AND booked_on = of_day
  ) AS moved
  ORDER BY money.currency, money.account DESC
$$;

-- What moved an account in a day, in the order in which it was recorded; with the codes of the chart on the other side of it.
CREATE FUNCTION books.day_of_account(of_book text, of_account text, of_day date) RETURNS TABLE (
  event_id text, entry text, recorded_at timestamptz, side text, amount bigint, against text[]
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  SELECT event_id, record.names, record.recorded_at, line.side, line.amount, array(
    SELECT DISTINCT split_part(other.account, ':', 2) FROM postings AS other
    WHERE other.event_id = line.event_id AND other.effect = 'posted' AND other.side <> line.side
    ORDER BY 1
  )
  FROM postings AS line JOIN records AS record USING (event_id)
  WHERE line.book = of_book AND line.account = of_account AND line.effect = 'posted' AND line.booked_on = of_day
  ORDER BY record.recorded_at, event_id, line.place
$$;

-- At the end of a day, by currency and code of the chart: what is owed to customers and merchants (2000 … 2200), each account for
-- itself, so that what one has overdrawn does not pay another; and what is held at banks or owed to us by acquirers (1000, 1050,
-- 1100), where what we owe an acquirer counts against it.
CREATE FUNCTION books.safeguarding(at date) RETURNS TABLE (
  currency char(3), code text, owed numeric, overdrawn numeric, held numeric
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  WITH balances AS (
    SELECT currency, split_part(account, ':', 2) AS code, debits - credits AS balance
    FROM trial_balance(at)
  )
  SELECT currency, code,
    coalesce(sum(-balance) FILTER (WHERE (code LIKE '2%' OR code = '1900') AND balance < 0), 0),
    coalesce(sum(balance) FILTER (WHERE code LIKE '2%' AND balance > 0), 0),
    coalesce(sum(balance) FILTER (WHERE code LIKE '1%' AND code <> '1900'), 0)
  FROM balances
  -- What came and nobody knows whose it is may be somebody's; what lacks is nothing that is held.
  WHERE code IN ('1000', '1050', '1100', '2000', '2100', '2110', '2120', '2200') OR code = '1900' AND balance < 0
  GROUP BY currency, code
$$;

-- Debits and credits of all accounts at the end of a day: the same in every currency.
CREATE FUNCTION books.sums(at date) RETURNS TABLE (currency char(3), debits numeric, credits numeric)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  SELECT currency, sum(debits), sum(credits) FROM days WHERE booked_on <= at GROUP BY currency ORDER BY currency
$$;

-- Money that payments moved between two days, both counted: captures, refunds, payments from wallets and payouts. The party is
-- whose money it is: a wallet's account, or else the merchant.
CREATE FUNCTION books.moved_by_payments(first date, last date, of_currency char(3)) RETURNS TABLE (
  booked_on date, book text, kind text, party text, subject text, amount numeric
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  WITH named AS (
    SELECT record.event_id, record.booked_on, record.book, record.names,
      regexp_match(record.names, '^je_(pay_[0-9a-z]{26})\.(capture|refunded|transfer)\.[1-9][0-9]*$') AS part
    FROM records AS record
    WHERE record.booked_on BETWEEN first AND last
  ), summed AS (
    SELECT named.*,
      sum(amount) FILTER (WHERE side = 'credit' AND split_part(account, ':', 2) = '2200') AS paid_out,
      sum(amount) FILTER (WHERE side = 'debit') AS debited,
      min(account) FILTER (WHERE account LIKE 'acc\_%' AND account NOT LIKE 'acc\_sales\_%') AS wallet
    FROM named JOIN postings USING (event_id)
    WHERE effect = 'posted' AND currency = of_currency
    GROUP BY named.event_id, named.booked_on, named.book, named.names, named.part
  )
  SELECT booked_on, book,
    CASE WHEN part IS NULL THEN 'payout' WHEN part[2] = 'refunded' THEN 'refund' ELSE part[2] END,
    coalesce(CASE WHEN part IS NOT NULL THEN wallet END, book), coalesce(part[1], names),
    CASE WHEN part IS NULL THEN paid_out ELSE debited END
  FROM summed WHERE part IS NOT NULL OR paid_out IS NOT NULL
$$;

-- Those of an amount or more; and those below it that together come to it, of one party in one day.
CREATE FUNCTION books.large(first date, last date, of_currency char(3), at_least numeric) RETURNS TABLE (
  booked_on date, book text, kind text, party text, amount numeric, parts bigint, subjects text[]
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  WITH moved AS (
    SELECT * FROM moved_by_payments(first, last, of_currency)
  )
  SELECT booked_on, book, kind, party, amount, 1, ARRAY[subject] FROM moved WHERE amount >= at_least
  UNION ALL
  SELECT booked_on, book, kind, party, sum(amount), count(*), array_agg(subject ORDER BY amount DESC, subject)
  FROM moved WHERE amount < at_least
  GROUP BY booked_on, book, kind, party HAVING sum(amount) >= at_least
  ORDER BY booked_on, amount DESC, party, kind
$$;

-- Open breaks, summed up. Amounts without their signs: what came too much does not make good what is missing.
CREATE FUNCTION settlement.break_ages() RETURNS TABLE (
  acquirer text, kind text, currency char(3), items bigint, amount numeric, oldest timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = settlement, pg_temp AS $$
  SELECT acquirer, kind, currency, count(*), sum(abs(amount)), min(opened_at)
  FROM breaks WHERE closed_at IS NULL
  GROUP BY acquirer, kind, currency ORDER BY min(opened_at), acquirer, kind, currency
$$;

-- How things stand, for whoever is to be called. `oldest` is null while no break is open.
CREATE FUNCTION settlement.standing() RETURNS TABLE (open_breaks bigint, oldest timestamptz, parked bigint, flaws bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = settlement, books, pg_temp AS $$
  SELECT (SELECT count(*) FROM breaks WHERE closed_at IS NULL), (SELECT min(opened_at) FROM breaks WHERE closed_at IS NULL),
    (SELECT count(*) FROM parked), (SELECT count(*) FROM flaws)
$$;

-- Of one file so many flaws are kept, and one that says that there were more: the file itself has them all.
CREATE FUNCTION settlement.flaws_max() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 1000 $$;

CREATE FUNCTION settlement.cap_flaws() RETURNS trigger LANGUAGE plpgsql SET search_path = settlement, pg_temp AS $$
DECLARE
  kept int;
BEGIN
  -- Said again; and where reading ended is always said.
  IF NEW.ends_file OR EXISTS (SELECT FROM flaws WHERE file = NEW.file AND place = NEW.place AND reason = NEW.reason) THEN
    RETURN NEW;
  END IF;
  SELECT count(*) INTO kept FROM (
    SELECT FROM flaws WHERE file = NEW.file LIMIT flaws_max() + 1
  ) AS first;
  IF kept > flaws_max() THEN RETURN NULL; END IF;
  IF kept = flaws_max() THEN
    NEW.reason := format('more than %s flaws: this one and those behind it are not kept, the file has them', flaws_max());
    NEW.text := '';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER capped BEFORE INSERT ON settlement.flaws FOR EACH ROW EXECUTE FUNCTION settlement.cap_flaws();

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA books, settlement FROM PUBLIC;
GRANT EXECUTE ON FUNCTION books.merchant_money, books.day_of_account, books.safeguarding, books.sums, books.large,
  settlement.break_ages, settlement.standing TO reconciler;
