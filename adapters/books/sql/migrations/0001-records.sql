-- The books: every record of the journal, once, and for ever. Amounts are minor units of their currency.
CREATE SCHEMA books;

-- What became of an entry: that it was posted, held or refused; or how its hold ended.
CREATE TABLE books.records (
  event_id text PRIMARY KEY CHECK (event_id ~ '^evt_[0-9a-z]{26}$'),
  book text NOT NULL,
  entry text NOT NULL,
  kind text NOT NULL
    CHECK (kind IN ('posted', 'held', 'refused', 'hold_posted', 'hold_voided', 'hold_expired')),
  ends_hold boolean NOT NULL GENERATED ALWAYS AS (kind IN ('hold_posted', 'hold_voided', 'hold_expired')) STORED,
  posted_as text CHECK ((posted_as IS NOT NULL) = (kind = 'hold_posted')),
  reverses text,
  refusal text CHECK ((refusal IS NOT NULL) = (kind = 'refused')),
  recorded_at timestamptz NOT NULL,
  -- When the money moved in the world.
  effective_at timestamptz,
  -- The day (UTC) on which it counts: its own, or the first one after the period that was closed before it was recorded.
  booked_on date NOT NULL,
  -- Of the event as it was told, so that another one under its id is seen.
  digest bytea NOT NULL,
  -- What this record brings into the books: an entry, or that under which a hold was posted.
  names text GENERATED ALWAYS AS (
    CASE WHEN kind = 'hold_posted' THEN posted_as WHEN kind IN ('posted', 'held', 'refused') THEN entry END) STORED,
  -- An entry is there once, and a hold ends once.
  CONSTRAINT there_once UNIQUE (book, names),
  CONSTRAINT ended_once UNIQUE (book, entry, ends_hold)
);
-- An entry is undone once.
CREATE UNIQUE INDEX undone_once ON books.records (book, reverses) WHERE reverses IS NOT NULL AND kind = 'posted';
CREATE INDEX ON books.records (book, booked_on);

-- What a record moves: `posted` on a balance, `held` beside it, `released` of what was held.
CREATE TABLE books.postings (
  event_id text NOT NULL REFERENCES books.records,
  effect text NOT NULL CHECK (effect IN ('posted', 'held', 'released')),
  place int NOT NULL CHECK (place >= 0),
  book text NOT NULL,
  account text NOT NULL,
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  side text NOT NULL CHECK (side IN ('debit', 'credit')),
  amount bigint NOT NULL CHECK (amount BETWEEN 0 AND 1000000000000000),
  booked_on date NOT NULL,
  PRIMARY KEY (event_id, effect, place)
);
CREATE INDEX ON books.postings (book, account, booked_on);

-- An account holds one currency, that of its first posting.
CREATE TABLE books.accounts (
  book text NOT NULL,
  account text NOT NULL,
  currency char(3) NOT NULL,
  PRIMARY KEY (book, account),
  UNIQUE (book, account, currency)
);

-- What moved on an account in a day: all that a balance, a trial balance or a statement's first line has to add up.
CREATE TABLE books.days (
  book text NOT NULL,
  account text NOT NULL,
  currency char(3) NOT NULL,
  booked_on date NOT NULL,
  debits numeric NOT NULL,
  credits numeric NOT NULL,
  debits_held numeric NOT NULL,
  credits_held numeric NOT NULL,
  PRIMARY KEY (book, account, currency, booked_on),
  FOREIGN KEY (book, account, currency) REFERENCES books.accounts (book, account, currency)
);

-- What was brought and cannot be posted, with its reason: a person decides. Nothing waits for it.
CREATE TABLE books.parked (
  digest bytea PRIMARY KEY,
  reason text NOT NULL,
  event text NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT now()
);

-- All bookkeeping up to `ends_on` is closed. A later record of those days counts on the first day that is open.
CREATE TABLE books.closings (
  ends_on date PRIMARY KEY,
  closed_at timestamptz NOT NULL DEFAULT now(),
  closed_by text NOT NULL
);

-- Nobody changes what is written, the owner of the tables included.
CREATE FUNCTION books.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the books are only ever added to: % of books.% is refused', lower(TG_OP), TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON books.records FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON books.postings FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON books.closings FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();

-- Whatever writes postings, at the end of its statement each record's debits are its credits, per currency and effect; the
-- record has all that it moves or nothing, and no period that was closed is written to.
CREATE FUNCTION books.refuse_imbalance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE wrong record;
BEGIN
  SELECT event_id, effect, currency INTO wrong
  FROM books.postings
  WHERE event_id IN (SELECT event_id FROM added)
  GROUP BY event_id, effect, currency
  HAVING sum(CASE side WHEN 'debit' THEN amount ELSE -amount END) <> 0
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the record % does not balance: its % legs in %', wrong.event_id, wrong.effect, wrong.currency
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END
$$;
CREATE TRIGGER balanced AFTER INSERT ON books.postings REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_imbalance();
