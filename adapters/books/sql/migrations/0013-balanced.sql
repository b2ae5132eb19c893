-- As it was (0001), and records are looked up by their ids, however many others there are: a plan that was made while there
-- were few would read all postings for every batch.
CREATE OR REPLACE FUNCTION books.refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT event_id, effect, currency INTO wrong
  FROM books.postings
  WHERE event_id = ANY (array(SELECT DISTINCT event_id FROM added))
  GROUP BY event_id, effect, currency
  HAVING sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) <> 0
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the record % does not balance: its % legs in %', wrong.event_id, wrong.effect, wrong.currency
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
$$;
