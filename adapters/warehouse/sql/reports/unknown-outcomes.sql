-- Payments whose outcome nobody knew for a while, and how long it took to find out
-- chart: acquirer unknown currency
SELECT coalesce(acquirer, '(none answered)') AS acquirer, currency, count(*) AS unknown,
  sum(CASE WHEN state = 'in_review' THEN 1 ELSE 0 END) AS still_unknown,
  round(avg((extract(epoch FROM resolved_at - reviewed_at))::float8)) AS seconds_to_resolve,
  round(max((extract(epoch FROM resolved_at - reviewed_at))::float8)) AS seconds_at_most
FROM finance.payments
WHERE reviewed_at IS NOT NULL AND created_at >= CAST(:since AS timestamp) AND created_at < CAST(:until AS timestamp)
GROUP BY 1, currency
ORDER BY 1, currency
