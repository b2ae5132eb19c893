-- Of the card payments that an acquirer decided, how many it approved
-- chart: acquirer+brand approved_percent currency
SELECT acquirer, brand, currency,
  count(*) AS decided,
  sum(CASE WHEN authorized_at IS NOT NULL THEN 1 ELSE 0 END) AS approved,
  round(100.0 * sum(CASE WHEN authorized_at IS NOT NULL THEN 1 ELSE 0 END) / count(*), 1) AS approved_percent
FROM finance.payments
WHERE method = 'card' AND acquirer IS NOT NULL AND (authorized_at IS NOT NULL OR declined_at IS NOT NULL)
  AND created_at >= CAST(:since AS timestamp) AND created_at < CAST(:until AS timestamp)
GROUP BY acquirer, brand, currency
ORDER BY acquirer, brand, currency
