-- Legs of records of the journal, as columns in the same way. What ends a hold has two parts: what it posts, and what it releases.
CREATE TEMP TABLE read_legs AS
/* redshift */
SELECT
  e.shard_id, e.sequence_number, 'legs' AS part, place::int AS place,
  CASE WHEN is_varchar(leg.account) THEN leg.account::varchar(65535) END AS account,
  CASE WHEN is_varchar(leg.side) THEN leg.side::varchar(65535) END AS side,
  CASE WHEN is_integer(leg.amount) THEN leg.amount::bigint END AS amount,
  CASE WHEN is_varchar(leg.currency) THEN leg.currency::varchar(65535) END AS currency
FROM read_events AS e, e.legs AS leg AT place
WHERE e.has_legs
UNION ALL
SELECT
  e.shard_id, e.sequence_number, 'released', place::int,
  CASE WHEN is_varchar(leg.account) THEN leg.account::varchar(65535) END,
  CASE WHEN is_varchar(leg.side) THEN leg.side::varchar(65535) END,
  CASE WHEN is_integer(leg.amount) THEN leg.amount::bigint END,
  CASE WHEN is_varchar(leg.currency) THEN leg.currency::varchar(65535) END
FROM read_events AS e, e.released AS leg AT place
WHERE e.has_legs
/* end */
/* postgres:
SELECT
  e.shard_id, e.sequence_number, part, (n - 1)::int AS place,
  CASE WHEN jsonb_typeof(leg->'account') = 'string' THEN leg->>'account' END AS account,
  CASE WHEN jsonb_typeof(leg->'side') = 'string' THEN leg->>'side' END AS side,
  CASE WHEN jsonb_typeof(leg->'amount') = 'number' AND leg->>'amount' ~ '^-?[0-9]{1,18}$'
    THEN (leg->>'amount')::bigint END AS amount,
  CASE WHEN jsonb_typeof(leg->'currency') = 'string' THEN leg->>'currency' END AS currency
FROM read_events AS e
CROSS JOIN (VALUES ('legs'), ('released')) AS parts (part)
CROSS JOIN LATERAL jsonb_array_elements(
  CASE WHEN e.has_legs THEN CASE part WHEN 'legs' THEN e.legs ELSE e.released END ELSE '[]' END
) WITH ORDINALITY AS legs (leg, n)
WHERE e.has_legs
*/
