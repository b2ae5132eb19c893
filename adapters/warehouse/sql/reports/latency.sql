-- Milliseconds from a payment's creation to its authorization and to its capture
-- chart: acquirer authorized_p95_ms currency
SELECT acquirer, currency, count(*) AS authorized,
  round(percentile_cont(0.5) WITHIN GROUP (ORDER BY authorized_ms)) AS authorized_p50_ms,
  round(percentile_cont(0.95) WITHIN GROUP (ORDER BY authorized_ms)) AS authorized_p95_ms,
  round(percentile_cont(0.5) WITHIN GROUP (ORDER BY captured_ms)) AS captured_p50_ms,
  round(percentile_cont(0.95) WITHIN GROUP (ORDER BY captured_ms)) AS captured_p95_ms
FROM (
  SELECT acquirer, currency,
    (extract(epoch FROM authorized_at - created_at) * 1000)::float8 AS authorized_ms,
    (extract(epoch FROM captured_at - created_at) * 1000)::float8 AS captured_ms
  FROM finance.payments
  WHERE method = 'card' AND authorized_at IS NOT NULL AND created_at >= CAST(:since AS timestamp) AND created_at < CAST(:until AS timestamp)
) AS authorizations
GROUP BY acquirer, currency
ORDER BY acquirer, currency
