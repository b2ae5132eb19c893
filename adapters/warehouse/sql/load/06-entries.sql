-- New legs of the journal, each once. What a refused entry proposed moves nothing; what a hold held is released by its end.
INSERT INTO finance.entries
SELECT event_id, part, place, type, book, entry, account, side, currency, amount,
  CASE WHEN part = 'legs' AND type IN ('ledger.posted', 'ledger.hold_posted') THEN signed ELSE 0 END,
  CASE WHEN part = 'released' THEN -signed WHEN type = 'ledger.held' THEN signed ELSE 0 END,
  created_at, effective_at
FROM (
  SELECT
    records.event_id, legs.part, legs.place, records.type, records.book, records.entry, legs.account, legs.side,
    legs.currency, legs.amount, records.created_at, records.effective_at,
    CASE WHEN legs.side = 'debit' THEN legs.amount ELSE -legs.amount END AS signed,
    row_number() OVER (PARTITION BY records.event_id, legs.part, legs.place ORDER BY records.arrived_at) AS delivery
  FROM judged_events AS records
  JOIN read_legs AS legs ON legs.shard_id = records.shard_id AND legs.sequence_number = records.sequence_number
  WHERE records.reason IS NULL AND records.type LIKE 'ledger.%'
) AS legs
WHERE delivery = 1
  AND NOT EXISTS (SELECT 1 FROM finance.entries AS known WHERE known.event_id = legs.event_id)
