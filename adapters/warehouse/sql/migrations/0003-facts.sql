-- The books as finance asks for them. Amounts are minor units of their currency; times are UTC.
CREATE SCHEMA finance;

-- Each change of a payment, once.
CREATE TABLE finance.payment_events (
  event_id varchar(30) NOT NULL, payment varchar(40) NOT NULL, sequence int NOT NULL, type varchar(40) NOT NULL,
  created_at timestamp NOT NULL, book varchar(64) NOT NULL, state varchar(20) NOT NULL, currency char(3) NOT NULL,
  amount bigint NOT NULL, captured bigint NOT NULL, refunded bigint NOT NULL, method varchar(10) NOT NULL,
  brand varchar(20), acquirer varchar(64), decline_code varchar(64), failure_code varchar(64)
) /* redshift */ DISTKEY (payment) SORTKEY (created_at) /* end */;
/* postgres: CREATE UNIQUE INDEX ON finance.payment_events (event_id); CREATE INDEX ON finance.payment_events (payment); */

-- Each payment, as it stood last, with the times of what became of it.
CREATE TABLE finance.payments (
  payment varchar(40) NOT NULL, merchant varchar(64) NOT NULL, state varchar(20) NOT NULL, currency char(3) NOT NULL,
  amount bigint NOT NULL, captured bigint NOT NULL, refunded bigint NOT NULL, method varchar(10) NOT NULL,
  brand varchar(20), acquirer varchar(64), decline_code varchar(64), version int NOT NULL,
  created_at timestamp NOT NULL, authorized_at timestamp, declined_at timestamp, captured_at timestamp,
  settled_at timestamp, reviewed_at timestamp, resolved_at timestamp
) /* redshift */ DISTKEY (payment) SORTKEY (created_at) /* end */;
/* postgres: CREATE UNIQUE INDEX ON finance.payments (payment); */

-- Each leg of the journal, once. Moved: what it adds to its account's balance, debits positive; held the same for holds.
CREATE TABLE finance.entries (
  event_id varchar(30) NOT NULL, part varchar(8) NOT NULL, place int NOT NULL, type varchar(40) NOT NULL,
  merchant varchar(64) NOT NULL, entry varchar(128) NOT NULL, account varchar(128) NOT NULL, side varchar(6) NOT NULL,
  currency char(3) NOT NULL, amount bigint NOT NULL, moved bigint NOT NULL, held bigint NOT NULL,
  recorded_at timestamp NOT NULL, effective_at timestamp
) /* redshift */ DISTKEY (account) SORTKEY (recorded_at) /* end */;
/* postgres: CREATE UNIQUE INDEX ON finance.entries (event_id, part, place); */

-- What the stream brought and no schema knows: it is parked here with its reason, and whole in the landing.
CREATE TABLE finance.parked (
  shard_id varchar(20) NOT NULL, sequence_number varchar(128) NOT NULL, arrived_at timestamp NOT NULL,
  reason varchar(200) NOT NULL
);

-- The system accounts' names are in their ids: `mer_demo:1100:alpha:USD`. Others are the merchant's own.
CREATE VIEW finance.accounts AS
SELECT DISTINCT
  account, merchant, currency,
  CASE WHEN account LIKE '%:%' THEN split_part(account, ':', 2) END AS code,
  CASE WHEN split_part(account, ':', 4) <> '' THEN split_part(account, ':', 3) END AS acquirer
FROM finance.entries;

CREATE VIEW finance.merchants AS SELECT DISTINCT merchant FROM finance.entries UNION SELECT merchant FROM finance.payments;

CREATE VIEW finance.acquirers AS SELECT DISTINCT acquirer FROM finance.payments WHERE acquirer IS NOT NULL;

CREATE VIEW finance.balances AS
SELECT merchant, account, currency, sum(moved) AS balance, sum(held) AS held
FROM finance.entries GROUP BY merchant, account, currency;

-- What merchants paid for their captures, by the fee accounts.
CREATE VIEW finance.fees AS
SELECT merchant, entry, currency, -moved AS fee, recorded_at
FROM finance.entries WHERE account LIKE '%:4000:%' AND moved <> 0;

-- Each refund that was given back: by how much the payment's total of refunds grew.
CREATE VIEW finance.refunds AS
SELECT payment, book AS merchant, currency, created_at AS refunded_at, refunded - before AS amount
FROM (
  SELECT *, lag(refunded, 1) OVER (PARTITION BY payment ORDER BY sequence) AS before FROM finance.payment_events
) AS changes
WHERE type = 'payment.refunded';

-- Payments of which the warehouse has not every change: an event is late, or was given up.
CREATE VIEW finance.gaps AS
SELECT payment, max(sequence) AS last, count(*) AS there
FROM finance.payment_events GROUP BY payment HAVING count(*) < max(sequence);
