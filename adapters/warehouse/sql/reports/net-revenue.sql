-- What merchants paid in fees, by currency, in minor units
-- chart: merchant fees currency
SELECT merchant, currency, count(*) AS captures, sum(fee) AS fees
FROM finance.fees
WHERE recorded_at >= CAST(:since AS timestamp) AND recorded_at < CAST(:until AS timestamp)
GROUP BY merchant, currency
ORDER BY merchant, currency
