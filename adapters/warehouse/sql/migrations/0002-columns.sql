-- Events as columns. Times are UTC. A member that an event does not have is null.
CREATE VIEW landing.payment_changes AS
SELECT
  refreshed_at, arrived_at,
/* redshift */
  event.schema::int AS schema_version, event.id::varchar(30) AS event_id, event.type::varchar(40) AS type,
  event.sequence::int AS sequence, event.created_at::varchar(30)::timestamp AS created_at, event.book::varchar(64) AS book,
  event.data.id::varchar(40) AS payment, event.data.state::varchar(20) AS state, event.data.currency::char(3) AS currency,
  event.data.amount::bigint AS amount, event.data.amount_captured::bigint AS captured,
  event.data.amount_refunded::bigint AS refunded, event.data.method.type::varchar(10) AS method,
  event.data.method.brand::varchar(20) AS brand, event.data.acquirer::varchar(64) AS acquirer,
  event.data.decline.code::varchar(64) AS decline_code, event.data.failure.code::varchar(64) AS failure_code
/* end */
/* postgres:
  (event->>'schema')::int AS schema_version, event->>'id' AS event_id, event->>'type' AS type,
  (event->>'sequence')::int AS sequence, (event->>'created_at')::timestamp AS created_at, event->>'book' AS book,
  event->'data'->>'id' AS payment, event->'data'->>'state' AS state, event->'data'->>'currency' AS currency,
  (event->'data'->>'amount')::bigint AS amount, (event->'data'->>'amount_captured')::bigint AS captured,
  (event->'data'->>'amount_refunded')::bigint AS refunded, event->'data'->'method'->>'type' AS method,
  event->'data'->'method'->>'brand' AS brand, event->'data'->>'acquirer' AS acquirer,
  event->'data'->'decline'->>'code' AS decline_code, event->'data'->'failure'->>'code' AS failure_code
*/
FROM landing.events
/* redshift */ WHERE event.type::varchar(40) LIKE 'payment.%' AND event.schema::int = 1 /* end */
/* postgres: WHERE event->>'type' LIKE 'payment.%' AND event->>'schema' = '1' */;

-- Legs of records of the journal. A hold that is posted or released is two: what it held, and what became of it.
CREATE VIEW landing.journal_legs AS
/* redshift */
SELECT
  e.refreshed_at, e.arrived_at, e.event.id::varchar(30) AS event_id, e.event.type::varchar(40) AS type,
  e.event.created_at::varchar(30)::timestamp AS recorded_at,
  e.event.record.effective_at::varchar(30)::timestamp AS effective_at, e.event.book::varchar(64) AS book,
  e.event.record.entry::varchar(128) AS entry, 'legs' AS part, place::int AS place, leg.account::varchar(128) AS account,
  leg.side::varchar(6) AS side, leg.amount::bigint AS amount, leg.currency::char(3) AS currency
FROM landing.events AS e, e.event.record.legs AS leg AT place
WHERE e.event.type::varchar(40) LIKE 'ledger.%' AND e.event.schema::int = 1
UNION ALL
SELECT
  e.refreshed_at, e.arrived_at, e.event.id::varchar(30), e.event.type::varchar(40),
  e.event.created_at::varchar(30)::timestamp, e.event.record.effective_at::varchar(30)::timestamp,
  e.event.book::varchar(64), e.event.record.entry::varchar(128), 'released', place::int, leg.account::varchar(128),
  leg.side::varchar(6), leg.amount::bigint, leg.currency::char(3)
FROM landing.events AS e, e.event.record.released AS leg AT place
WHERE e.event.type::varchar(40) LIKE 'ledger.%' AND e.event.schema::int = 1
/* end */
/* postgres:
SELECT
  e.refreshed_at, e.arrived_at, e.event->>'id' AS event_id, e.event->>'type' AS type,
  (e.event->>'created_at')::timestamp AS recorded_at, (e.event->'record'->>'effective_at')::timestamp AS effective_at,
  e.event->>'book' AS book, e.event->'record'->>'entry' AS entry, part, (leg.n - 1)::int AS place,
  leg.leg->>'account' AS account, leg.leg->>'side' AS side, (leg.leg->>'amount')::bigint AS amount,
  leg.leg->>'currency' AS currency
FROM landing.events AS e
CROSS JOIN (VALUES ('legs'), ('released')) AS parts (part)
CROSS JOIN LATERAL jsonb_array_elements(e.event->'record'->parts.part) WITH ORDINALITY AS leg (leg, n)
WHERE e.event->>'type' LIKE 'ledger.%' AND e.event->>'schema' = '1'
*/;

-- What no schema of ours knows, and why.
CREATE VIEW landing.unknown_events AS
SELECT
  refreshed_at, arrived_at, shard_id, sequence_number,
  CASE
    WHEN event IS NULL THEN 'it is no JSON text'
/* redshift */
    WHEN event.type IS NULL THEN 'it has no type'
    WHEN event.type::varchar(40) NOT LIKE 'payment.%' AND event.type::varchar(40) NOT LIKE 'ledger.%'
      THEN 'nobody knows the type ' || event.type::varchar(40)
    WHEN event.schema IS NULL OR event.schema::varchar(10) <> '1' THEN 'it is of a later schema'
    WHEN event.type::varchar(40) LIKE 'payment.%' AND event.data.id IS NULL THEN 'it names no payment'
    WHEN event.type::varchar(40) LIKE 'ledger.%' AND event.record.entry IS NULL THEN 'it names no entry'
/* end */
/* postgres:
    WHEN event->>'type' IS NULL THEN 'it has no type'
    WHEN event->>'type' NOT LIKE 'payment.%' AND event->>'type' NOT LIKE 'ledger.%'
      THEN 'nobody knows the type ' || (event->>'type')
    WHEN event->>'schema' IS DISTINCT FROM '1' THEN 'it is of a later schema'
    WHEN event->>'type' LIKE 'payment.%' AND event->'data'->>'id' IS NULL THEN 'it names no payment'
    WHEN event->>'type' LIKE 'ledger.%' AND event->'record'->>'entry' IS NULL THEN 'it names no entry'
*/
  END AS reason
FROM landing.events;
