-- What records of the books make acquirers owe: captures, and what refunds and chargebacks take back; and a dispute that is won,
-- what it returns. A dispute's entry ends with the tail of its id, which follows from the acquirer and its own name for the
-- dispute: so does the key of the line that settles it (core/settlement/owed-key.ts).
CREATE OR REPLACE FUNCTION settlement.owed_by(events text[]) RETURNS TABLE (
  acquirer text, operation_key text, book text, entry text, currency char(3), gross bigint, booked_on date
) LANGUAGE sql STABLE SET search_path = books, pg_temp AS $$
  SELECT split_part(posting.account, ':', 3),
    CASE
      WHEN part[2] IN ('chargeback', 'chargeback_won') THEN concat('dsp_', part[3], ':', part[2])
      ELSE concat(part[1], ':', CASE part[2] WHEN 'refunded' THEN 'refund' ELSE part[2] END, ':', part[3])
    END,
    posting.book, record.names, posting.currency,
    sum(CASE posting.side WHEN 'debit' THEN posting.amount ELSE -posting.amount END)::bigint, posting.booked_on
  FROM records AS record
  JOIN postings AS posting USING (event_id)
  CROSS JOIN LATERAL regexp_match(record.names,
    '^je_(pay_[0-9a-z]{26})\.(capture|refunded|chargeback|chargeback_won)\.([1-9][0-9]*|[0-9a-z]{26})$') AS part
  WHERE record.event_id = ANY (events) AND posting.effect = 'posted' AND posting.account LIKE '%:1100:%:%'
    AND part IS NOT NULL
  GROUP BY 1, 2, 3, 4, 5, posting.booked_on
  HAVING sum(CASE posting.side WHEN 'debit' THEN posting.amount ELSE -posting.amount END) <> 0
$$;

-- What is in the books already.
INSERT INTO settlement.expected (acquirer, operation_key, book, entry, currency, gross, booked_on)
SELECT * FROM settlement.owed_by(array(SELECT event_id FROM books.records)) ON CONFLICT DO NOTHING;
