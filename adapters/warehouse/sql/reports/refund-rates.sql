-- How much of what was captured was given back, in minor units
-- chart: merchant refunded_percent currency
SELECT merchant, currency,
  sum(CASE WHEN captured > 0 THEN 1 ELSE 0 END) AS captures,
  sum(CASE WHEN refunded > 0 THEN 1 ELSE 0 END) AS with_refunds,
  sum(captured) AS captured, sum(refunded) AS refunded,
  round(100.0 * sum(refunded) / nullif(sum(captured), 0), 2) AS refunded_percent
FROM finance.payments
WHERE captured > 0 AND created_at >= CAST(:since AS timestamp) AND created_at < CAST(:until AS timestamp)
GROUP BY merchant, currency
ORDER BY merchant, currency
