-- By its place: a day of the archive may be taken over again.
INSERT INTO finance.parked
SELECT shard_id, sequence_number, min(arrived_at), min(reason)
FROM judged_events AS bad
WHERE reason IS NOT NULL
  AND NOT EXISTS (
    SELECT 1 FROM finance.parked AS known
    WHERE known.shard_id = bad.shard_id AND known.sequence_number = bad.sequence_number)
GROUP BY shard_id, sequence_number
