INSERT INTO finance.parked
SELECT shard_id, sequence_number, arrived_at, reason
FROM landing.unknown_events
WHERE reason IS NOT NULL
  AND refreshed_at > (SELECT coalesce(max(refreshed_at), timestamp '1970-01-01') FROM finance.loads)
