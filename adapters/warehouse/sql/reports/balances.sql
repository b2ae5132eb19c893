-- Balances of all accounts by the journal, in minor units: what was posted, and what is held
-- chart: account balance currency
SELECT merchant, account, currency, sum(moved) AS balance, sum(held) AS held
FROM finance.entries
WHERE recorded_at >= CAST(:since AS timestamp) AND recorded_at < CAST(:until AS timestamp)
GROUP BY merchant, account, currency
ORDER BY merchant, account
