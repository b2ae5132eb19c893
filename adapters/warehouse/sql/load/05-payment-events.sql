-- New changes of payments, each once: a record may come twice in one refresh, and again in a later one or from the archive.
INSERT INTO finance.payment_events
SELECT event_id, payment, sequence, type, created_at, book, state, currency, amount, captured, refunded, method, brand,
  acquirer, decline_code, failure_code
FROM (
  SELECT *, row_number() OVER (PARTITION BY event_id ORDER BY arrived_at) AS delivery
  FROM judged_events
  WHERE reason IS NULL AND type LIKE 'payment.%'
) AS changes
WHERE delivery = 1
  AND NOT EXISTS (SELECT 1 FROM finance.payment_events AS known WHERE known.event_id = changes.event_id)
