INSERT INTO landing.loads
SELECT max(refreshed_at), /* redshift */ getdate() /* end */ /* postgres: (now() AT TIME ZONE 'UTC') */
FROM landing.new_events
HAVING count(*) > 0
