-- The members that are read, as columns. One that is not there, or not of its type, is null: so all that comes after is said once
-- for both databases, and nothing of it can fail on what somebody sent. Times are as we write them, and of days that there are.
CREATE TEMP TABLE read_events AS
SELECT
  arrived_at, shard_id, sequence_number, refreshed_at, is_large, event IS NOT NULL AS is_json,
/* redshift */
  event.record.legs AS legs, event.record.released AS released,
  is_array(event.record.legs) AND is_array(event.record.released) AS has_legs,
  CASE WHEN is_varchar(event.type) THEN event.type::varchar(65535) END AS type,
  CASE WHEN is_integer(event.schema) THEN event.schema::bigint END AS schema_version,
  CASE WHEN is_varchar(event.id) THEN event.id::varchar(65535) END AS event_id,
  CASE WHEN is_varchar(event.book) THEN event.book::varchar(65535) END AS book,
  CASE WHEN is_varchar(event.created_at) AND event.created_at::varchar(65535)
      ~ '^20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$'
    THEN event.created_at::varchar(65535)::timestamp END AS created_at,
  CASE WHEN is_integer(event.sequence) THEN event.sequence::bigint END AS sequence,
  CASE WHEN is_varchar(event.data.id) THEN event.data.id::varchar(65535) END AS payment,
  CASE WHEN is_varchar(event.data.state) THEN event.data.state::varchar(65535) END AS state,
  CASE WHEN is_varchar(event.data.currency) THEN event.data.currency::varchar(65535) END AS currency,
  CASE WHEN is_integer(event.data.amount) THEN event.data.amount::bigint END AS amount,
  CASE WHEN is_integer(event.data.amount_captured) THEN event.data.amount_captured::bigint END AS captured,
  CASE WHEN is_integer(event.data.amount_refunded) THEN event.data.amount_refunded::bigint END AS refunded,
  CASE WHEN is_varchar(event.data.method.type) THEN event.data.method.type::varchar(65535) END AS method,
  CASE WHEN is_varchar(event.data.method.brand) THEN event.data.method.brand::varchar(65535) END AS brand,
  CASE WHEN is_varchar(event.data.acquirer) THEN event.data.acquirer::varchar(65535) END AS acquirer,
  CASE WHEN is_varchar(event.data.decline.code) THEN event.data.decline.code::varchar(65535) END AS decline_code,
  CASE WHEN is_varchar(event.data.failure.code) THEN event.data.failure.code::varchar(65535) END AS failure_code,
  CASE WHEN is_varchar(event.record.entry) THEN event.record.entry::varchar(65535) END AS entry,
  CASE WHEN is_varchar(event.record.effective_at) AND event.record.effective_at::varchar(65535)
      ~ '^20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$'
    THEN event.record.effective_at::varchar(65535)::timestamp END AS effective_at
/* end */
/* postgres:
  event->'record'->'legs' AS legs, event->'record'->'released' AS released,
  jsonb_typeof(event->'record'->'legs') = 'array' AND jsonb_typeof(event->'record'->'released') = 'array' AS has_legs,
  CASE WHEN jsonb_typeof(event->'type') = 'string' THEN event->>'type' END AS type,
  CASE WHEN jsonb_typeof(event->'schema') = 'number' AND event->>'schema' ~ whole
    THEN (event->>'schema')::bigint END AS schema_version,
  CASE WHEN jsonb_typeof(event->'id') = 'string' THEN event->>'id' END AS event_id,
  CASE WHEN jsonb_typeof(event->'book') = 'string' THEN event->>'book' END AS book,
  CASE WHEN event->>'created_at'
      ~ '^20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$'
    THEN (event->>'created_at')::timestamp END AS created_at,
  CASE WHEN jsonb_typeof(event->'sequence') = 'number' AND event->>'sequence' ~ whole
    THEN (event->>'sequence')::bigint END AS sequence,
  CASE WHEN jsonb_typeof(data->'id') = 'string' THEN data->>'id' END AS payment,
  CASE WHEN jsonb_typeof(data->'state') = 'string' THEN data->>'state' END AS state,
  CASE WHEN jsonb_typeof(data->'currency') = 'string' THEN data->>'currency' END AS currency,
  CASE WHEN jsonb_typeof(data->'amount') = 'number' AND data->>'amount' ~ whole THEN (data->>'amount')::bigint END AS amount,
  CASE WHEN jsonb_typeof(data->'amount_captured') = 'number' AND data->>'amount_captured' ~ whole
    THEN (data->>'amount_captured')::bigint END AS captured,
  CASE WHEN jsonb_typeof(data->'amount_refunded') = 'number' AND data->>'amount_refunded' ~ whole
    THEN (data->>'amount_refunded')::bigint END AS refunded,
  CASE WHEN jsonb_typeof(data->'method'->'type') = 'string' THEN data->'method'->>'type' END AS method,
  CASE WHEN jsonb_typeof(data->'method'->'brand') = 'string' THEN data->'method'->>'brand' END AS brand,
  CASE WHEN jsonb_typeof(data->'acquirer') = 'string' THEN data->>'acquirer' END AS acquirer,
  CASE WHEN jsonb_typeof(data->'decline'->'code') = 'string' THEN data->'decline'->>'code' END AS decline_code,
  CASE WHEN jsonb_typeof(data->'failure'->'code') = 'string' THEN data->'failure'->>'code' END AS failure_code,
  CASE WHEN jsonb_typeof(event->'record'->'entry') = 'string' THEN event->'record'->>'entry' END AS entry,
  CASE WHEN event->'record'->>'effective_at'
      ~ '^20([0-9]{2}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))|([02468][048]|[13579][26])-02-29)T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$'
    THEN (event->'record'->>'effective_at')::timestamp END AS effective_at
*/
FROM (
  SELECT
    arrived_at, shard_id, sequence_number, refreshed_at,
/* redshift */
    coalesce(json_size(event) > 65535, false) AS is_large,
    CASE WHEN json_size(event) <= 65535 THEN event END AS event
/* end */
/* postgres:
    coalesce(octet_length(event::text) > 65535, false) AS is_large,
    CASE WHEN octet_length(event::text) <= 65535 THEN event END AS event,
    CASE WHEN octet_length(event::text) <= 65535 THEN event->'data' END AS data,
    '^-?[0-9]{1,18}$' AS whole
*/
  FROM landing.new_events
) AS fresh
