CREATE SCHEMA landing;

-- The stream, as Redshift reads it: in the name of the namespace's own role.
/* redshift */ CREATE EXTERNAL SCHEMA streams FROM KINESIS IAM_ROLE default; /* end */
/* postgres: SELECT 1; */

-- What the stream brought, as it came, each time that this is refreshed. A record comes at least once, and in any order.
-- What is no JSON has no event.
/* redshift */
CREATE MATERIALIZED VIEW landing.events SORTKEY (refreshed_at) AUTO REFRESH NO AS
SELECT
  approximate_arrival_timestamp AS arrived_at,
  shard_id,
  sequence_number,
  refresh_time AS refreshed_at,
  CASE WHEN can_json_parse(kinesis_data) THEN json_parse(kinesis_data) END AS event,
  CASE WHEN NOT can_json_parse(kinesis_data) THEN to_hex(kinesis_data) END AS unreadable
FROM streams."{stream}";
/* end */
/* postgres:
CREATE TABLE landing.events (
  arrived_at timestamp, shard_id varchar(20), sequence_number varchar(128), refreshed_at timestamp,
  event jsonb, unreadable text);
CREATE INDEX ON landing.events (refreshed_at);
COMMENT ON TABLE landing.events IS 'stream {stream}';
*/

-- Up to where it was taken over: each load ends with a line here, in the same transaction.
CREATE TABLE landing.loads (refreshed_at timestamp NOT NULL, loaded_at timestamp NOT NULL);

-- What has come since: all that a load looks at.
CREATE VIEW landing.new_events AS
SELECT * FROM landing.events
WHERE refreshed_at > (SELECT coalesce(max(refreshed_at), timestamp '1970-01-01') FROM landing.loads);
