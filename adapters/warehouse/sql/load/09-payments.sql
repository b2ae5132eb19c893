-- Only those that the step before took away: a load costs what is new, and not what is there.
INSERT INTO finance.payments
SELECT last.payment, last.book, last.state, last.currency, last.amount, last.captured, last.refunded, last.method,
  last.brand, coalesce(last.acquirer, times.acquirer), last.decline_code, last.sequence, times.created_at,
  times.authorized_at, times.declined_at, times.captured_at, times.settled_at, times.reviewed_at, times.resolved_at
FROM (
  SELECT *, row_number() OVER (PARTITION BY payment ORDER BY sequence DESC) AS place FROM finance.payment_events
  WHERE payment IN (SELECT payment FROM judged_events WHERE reason IS NULL AND type LIKE 'payment.%')
) AS last
JOIN (
  SELECT payment,
    min(created_at) AS created_at,
    min(CASE WHEN type = 'payment.authorized' THEN created_at END) AS authorized_at,
    min(CASE WHEN type = 'payment.declined' THEN created_at END) AS declined_at,
    min(CASE WHEN type = 'payment.captured' THEN created_at END) AS captured_at,
    min(CASE WHEN type = 'payment.settled' THEN created_at END) AS settled_at,
    min(CASE WHEN state = 'in_review' THEN created_at END) AS reviewed_at,
    max(CASE WHEN was = 'in_review' AND state <> 'in_review' THEN created_at END) AS resolved_at,
    max(acquirer) AS acquirer
  FROM (
    SELECT *, lag(state, 1) OVER (PARTITION BY payment ORDER BY sequence) AS was FROM finance.payment_events
    WHERE payment IN (SELECT payment FROM judged_events WHERE reason IS NULL AND type LIKE 'payment.%')
  ) AS changes
  GROUP BY payment
) AS times ON times.payment = last.payment
WHERE last.place = 1
