-- Payments and captured money by the hour of their creation (UTC), in minor units
-- chart: hour payments currency
SELECT to_char(date_trunc('hour', created_at), 'YYYY-MM-DD HH24:MI') AS hour, currency,
  count(*) AS payments, sum(captured) AS captured
FROM finance.payments
WHERE created_at >= CAST(:since AS timestamp) AND created_at < CAST(:until AS timestamp)
GROUP BY 1, 2
ORDER BY 1, 2
