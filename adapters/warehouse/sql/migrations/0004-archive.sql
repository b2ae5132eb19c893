-- A day of the archive, while it is taken over: its lines come, are read and go in one transaction (ADR 56). A line is kept as
-- the text that it is, since nobody has looked at it yet.
CREATE TABLE landing.archived_lines (
  line varchar(65535),
  copied_at timestamp DEFAULT /* redshift */ getdate() /* end */ /* postgres: (now() AT TIME ZONE 'UTC') */
);

-- Which days were taken over from the archive, and how many lines they had.
CREATE TABLE landing.rebuilt_days (day date NOT NULL, lines bigint NOT NULL, rebuilt_at timestamp NOT NULL);

-- What is made of events is in the files of `load` from here on: a load reads each event once, and not once per view.
DROP VIEW landing.journal_legs;

DROP VIEW landing.payment_changes;

DROP VIEW landing.judged_events;

DROP VIEW landing.new_events;

-- What has come since the last load, and what the archive had: all that a load looks at. A line of the archive has no
-- place but what it says.
CREATE VIEW landing.new_events AS
SELECT arrived_at, shard_id, sequence_number, refreshed_at, event
FROM landing.events
WHERE refreshed_at > (SELECT coalesce(max(refreshed_at), timestamp '1970-01-01') FROM landing.loads)
UNION ALL
SELECT
  copied_at, 'archive'::varchar(20), md5(line)::varchar(128), NULL::timestamp,
/* redshift */ CASE WHEN can_json_parse(line) THEN json_parse(line) END /* end */
/* postgres: CASE WHEN pg_input_is_valid(line, 'jsonb') THEN line::jsonb END */
FROM landing.archived_lines;
