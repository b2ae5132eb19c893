-- New legs of the journal, each once. What a refused entry proposed moves nothing; what a hold held is released by its end.
INSERT INTO finance.entries
SELECT event_id, part, place, type, book, entry, account, side, currency, amount,
  CASE WHEN part = 'legs' AND type IN ('ledger.posted', 'ledger.hold_posted') THEN signed ELSE 0 END,
  CASE WHEN part = 'released' THEN -signed WHEN type = 'ledger.held' THEN signed ELSE 0 END,
  recorded_at, effective_at
FROM (
  SELECT *, CASE WHEN side = 'debit' THEN amount ELSE -amount END AS signed,
    row_number() OVER (PARTITION BY event_id, part, place ORDER BY arrived_at) AS delivery
  FROM landing.journal_legs
) AS legs
WHERE delivery = 1
  AND NOT EXISTS (SELECT 1 FROM finance.entries AS known WHERE known.event_id = legs.event_id)
