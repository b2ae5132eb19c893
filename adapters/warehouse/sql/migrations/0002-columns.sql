-- What is new, and of what no schema of ours knows, why: each event is either read below, or parked. A time is of a form that
-- can be read, and amounts are integers: one event that is neither must not hold up the others.
CREATE VIEW landing.judged_events AS
SELECT
  *,
  CASE
    WHEN event IS NULL THEN 'it is no JSON text'
/* redshift */
    WHEN event.type IS NULL THEN 'it has no type'
    WHEN event.type::varchar NOT LIKE 'payment.%' AND event.type::varchar NOT LIKE 'ledger.%'
      THEN 'nobody knows the type ' || left(event.type::varchar, 100)
    WHEN event.schema IS NULL OR event.schema::varchar <> '1' THEN 'it is of a later schema'
    WHEN event.id IS NULL OR event.book IS NULL OR NOT is_varchar(event.created_at)
      OR event.created_at::varchar !~ '^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$'
      THEN 'it lacks its id, book or time'
    WHEN event.type::varchar LIKE 'payment.%' AND NOT (
      is_varchar(event.data.id) AND is_varchar(event.data.state) AND is_varchar(event.data.currency)
      AND is_varchar(event.data.method.type) AND is_integer(event.sequence) AND is_integer(event.data.amount)
      AND is_integer(event.data.amount_captured) AND is_integer(event.data.amount_refunded))
      THEN 'it has no payment that can be read'
    WHEN event.type::varchar LIKE 'ledger.%' AND NOT (
      is_varchar(event.record.entry) AND is_array(event.record.legs) AND is_array(event.record.released))
      THEN 'it has no record that can be read'
/* end */
/* postgres:
    WHEN event->>'type' IS NULL THEN 'it has no type'
    WHEN event->>'type' NOT LIKE 'payment.%' AND event->>'type' NOT LIKE 'ledger.%'
      THEN 'nobody knows the type ' || left(event->>'type', 100)
    WHEN event->>'schema' IS DISTINCT FROM '1' THEN 'it is of a later schema'
    WHEN event->>'id' IS NULL OR event->>'book' IS NULL OR event->>'created_at' IS NULL
      OR event->>'created_at' !~ '^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9][.][0-9]{3}Z$'
      THEN 'it lacks its id, book or time'
    WHEN event->>'type' LIKE 'payment.%' AND (
      event->'data'->>'id' IS NULL OR event->'data'->>'state' IS NULL OR event->'data'->>'currency' IS NULL
      OR event->'data'->'method'->>'type' IS NULL OR coalesce(event->>'sequence', '') !~ '^[0-9]+$'
      OR coalesce(event->'data'->>'amount', '') !~ '^[0-9]+$'
      OR coalesce(event->'data'->>'amount_captured', '') !~ '^[0-9]+$'
      OR coalesce(event->'data'->>'amount_refunded', '') !~ '^[0-9]+$')
      THEN 'it has no payment that can be read'
    WHEN event->>'type' LIKE 'ledger.%' AND (
      event->'record'->>'entry' IS NULL OR jsonb_typeof(event->'record'->'legs') IS DISTINCT FROM 'array'
      OR jsonb_typeof(event->'record'->'released') IS DISTINCT FROM 'array')
      THEN 'it has no record that can be read'
*/
  END AS reason
FROM landing.new_events;

-- Changes of payments, as columns. Times are UTC. A member that an event does not have is null.
CREATE VIEW landing.payment_changes AS
SELECT
  arrived_at,
/* redshift */
  event.id::varchar(30) AS event_id, event.type::varchar(40) AS type, event.sequence::int AS sequence,
  event.created_at::varchar(30)::timestamp AS created_at, event.book::varchar(64) AS book,
  event.data.id::varchar(40) AS payment, event.data.state::varchar(20) AS state, event.data.currency::char(3) AS currency,
  event.data.amount::bigint AS amount, event.data.amount_captured::bigint AS captured,
  event.data.amount_refunded::bigint AS refunded, event.data.method.type::varchar(10) AS method,
  event.data.method.brand::varchar(20) AS brand, event.data.acquirer::varchar(64) AS acquirer,
  event.data.decline.code::varchar(64) AS decline_code, event.data.failure.code::varchar(64) AS failure_code
/* end */
/* postgres:
  event->>'id' AS event_id, event->>'type' AS type, (event->>'sequence')::int AS sequence,
  (event->>'created_at')::timestamp AS created_at, event->>'book' AS book,
  event->'data'->>'id' AS payment, event->'data'->>'state' AS state, event->'data'->>'currency' AS currency,
  (event->'data'->>'amount')::bigint AS amount, (event->'data'->>'amount_captured')::bigint AS captured,
  (event->'data'->>'amount_refunded')::bigint AS refunded, event->'data'->'method'->>'type' AS method,
  event->'data'->'method'->>'brand' AS brand, event->'data'->>'acquirer' AS acquirer,
  event->'data'->'decline'->>'code' AS decline_code, event->'data'->'failure'->>'code' AS failure_code
*/
FROM landing.judged_events
WHERE reason IS NULL
  AND /* redshift */ event.type::varchar LIKE 'payment.%' /* end */ /* postgres: event->>'type' LIKE 'payment.%' */;

-- Legs of records of the journal. What ends a hold has two parts: what it posts, and what it releases.
CREATE VIEW landing.journal_legs AS
/* redshift */
SELECT
  e.arrived_at, e.event.id::varchar(30) AS event_id, e.event.type::varchar(40) AS type,
  e.event.created_at::varchar(30)::timestamp AS recorded_at,
  e.event.record.effective_at::varchar(30)::timestamp AS effective_at, e.event.book::varchar(64) AS book,
  e.event.record.entry::varchar(128) AS entry, 'legs' AS part, place::int AS place, leg.account::varchar(128) AS account,
  leg.side::varchar(6) AS side, leg.amount::bigint AS amount, leg.currency::char(3) AS currency
FROM landing.judged_events AS e, e.event.record.legs AS leg AT place
WHERE e.reason IS NULL AND e.event.type::varchar LIKE 'ledger.%'
UNION ALL
SELECT
  e.arrived_at, e.event.id::varchar(30), e.event.type::varchar(40),
  e.event.created_at::varchar(30)::timestamp, e.event.record.effective_at::varchar(30)::timestamp,
  e.event.book::varchar(64), e.event.record.entry::varchar(128), 'released', place::int, leg.account::varchar(128),
  leg.side::varchar(6), leg.amount::bigint, leg.currency::char(3)
FROM landing.judged_events AS e, e.event.record.released AS leg AT place
WHERE e.reason IS NULL AND e.event.type::varchar LIKE 'ledger.%'
/* end */
/* postgres:
SELECT
  e.arrived_at, e.event->>'id' AS event_id, e.event->>'type' AS type,
  (e.event->>'created_at')::timestamp AS recorded_at, (e.event->'record'->>'effective_at')::timestamp AS effective_at,
  e.event->>'book' AS book, e.event->'record'->>'entry' AS entry, part, (leg.n - 1)::int AS place,
  leg.leg->>'account' AS account, leg.leg->>'side' AS side, (leg.leg->>'amount')::bigint AS amount,
  leg.leg->>'currency' AS currency
FROM (
  SELECT * FROM landing.judged_events WHERE reason IS NULL AND event->>'type' LIKE 'ledger.%' OFFSET 0
) AS e
CROSS JOIN (VALUES ('legs'), ('released')) AS parts (part)
CROSS JOIN LATERAL jsonb_array_elements(e.event->'record'->parts.part) WITH ORDINALITY AS leg (leg, n)
*/;
