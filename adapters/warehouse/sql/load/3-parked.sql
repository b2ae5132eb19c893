INSERT INTO finance.parked
SELECT shard_id, sequence_number, arrived_at, reason
FROM landing.judged_events
WHERE reason IS NOT NULL
