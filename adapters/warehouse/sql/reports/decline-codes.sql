-- Why acquirers declined
-- chart: decline_code declined acquirer
SELECT decline_code, acquirer, brand, count(*) AS declined
FROM finance.payments
WHERE state = 'declined' AND created_at >= CAST(:since AS timestamp) AND created_at < CAST(:until AS timestamp)
GROUP BY decline_code, acquirer, brand
ORDER BY count(*) DESC, decline_code, acquirer, brand
