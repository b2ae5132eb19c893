INSERT INTO finance.loads
SELECT max(refreshed_at), /* redshift */ getdate() /* end */ /* postgres: (now() AT TIME ZONE 'UTC') */
FROM landing.events
HAVING max(refreshed_at) > (SELECT coalesce(max(refreshed_at), timestamp '1970-01-01') FROM finance.loads)
