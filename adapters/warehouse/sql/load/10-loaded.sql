INSERT INTO landing.loads
SELECT max(refreshed_at), /* redshift */ getdate() /* end */ /* postgres: (now() AT TIME ZONE 'UTC') */
FROM judged_events
HAVING max(refreshed_at) IS NOT NULL
