-- Each event is judged before it is taken over: it is either counted, or parked with its reason. One that cannot be read must not
-- hold up the others, nor may one whose names are longer than the columns that they would stand in. What became of disputes is
-- passed over: what they moved is among the journal's records.
CREATE TEMP TABLE judged_events AS
SELECT
  e.arrived_at, e.shard_id, e.sequence_number, refreshed_at, event_id, type, created_at, book, sequence, payment, state,
  currency, amount, captured, refunded, method, brand, acquirer, decline_code, failure_code, entry, effective_at,
  CASE
    WHEN is_large THEN 'it is larger than 65,535 bytes'
    WHEN NOT is_json THEN 'it is no JSON text'
    WHEN type IS NULL THEN 'it has no type'
    WHEN (type NOT LIKE 'payment.%' AND type NOT LIKE 'dispute.%' AND type NOT LIKE 'ledger.%') OR octet_length(type) > 40
      THEN 'nobody knows the type ' || left(type, 40)
    WHEN schema_version IS NULL OR schema_version <> 1 THEN 'it is of a later schema'
    WHEN event_id IS NULL OR octet_length(event_id) > 30 OR book IS NULL OR octet_length(book) > 64 OR created_at IS NULL
      THEN 'it lacks its id, book or time'
    WHEN type LIKE 'payment.%' AND (
      payment IS NULL OR octet_length(payment) > 40 OR state IS NULL OR octet_length(state) > 20
      OR method IS NULL OR octet_length(method) > 10 OR currency IS NULL OR octet_length(currency) <> 3
      OR sequence IS NULL OR sequence < 1 OR sequence > 2147483647
      OR amount IS NULL OR amount < 0 OR captured IS NULL OR captured < 0 OR refunded IS NULL OR refunded < 0
      OR octet_length(coalesce(brand, '')) > 20 OR octet_length(coalesce(acquirer, '')) > 64
      OR octet_length(coalesce(decline_code, '')) > 64 OR octet_length(coalesce(failure_code, '')) > 64)
      THEN 'it has no payment that can be read'
    WHEN type LIKE 'ledger.%' AND (entry IS NULL OR octet_length(entry) > 128 OR NOT coalesce(has_legs, false))
      THEN 'it has no record that can be read'
    WHEN type LIKE 'ledger.%' AND unfit.legs > 0 THEN 'it has a leg that cannot be read'
  END AS reason
FROM read_events AS e
LEFT JOIN (
  SELECT shard_id, sequence_number, count(*) AS legs FROM read_legs
  WHERE account IS NULL OR octet_length(account) > 128 OR side IS NULL OR side NOT IN ('debit', 'credit')
    OR amount IS NULL OR amount < 0 OR currency IS NULL OR octet_length(currency) <> 3
  GROUP BY shard_id, sequence_number
) AS unfit ON unfit.shard_id = e.shard_id AND unfit.sequence_number = e.sequence_number
