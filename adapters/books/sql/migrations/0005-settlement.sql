-- What acquirers say that they settle, held against what the books say that they owe. Amounts are minor units of their
-- currency; gross is negative where the acquirer takes.
CREATE SCHEMA settlement;

-- What an acquirer owes for one operation of ours: what the books posted to its receivable (1100).
CREATE TABLE settlement.expected (
  expected bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  acquirer text NOT NULL,
  -- Ours at the acquirer: pay_…:capture:1.
  operation_key text NOT NULL,
  book text NOT NULL,
  entry text NOT NULL,
  currency char(3) NOT NULL,
  gross bigint NOT NULL CHECK (gross <> 0),
  booked_on date NOT NULL,
  -- What movements of its currency come to.
  settled numeric NOT NULL DEFAULT 0,
  -- The day for which the last of it came, once all of it has.
  settled_on date CHECK (settled_on IS NULL OR settled = gross),
  CONSTRAINT owed_once UNIQUE (acquirer, operation_key)
);
CREATE INDEX expected_open ON settlement.expected (booked_on) WHERE settled_on IS NULL;

-- A file that somebody left, in one version.
CREATE TABLE settlement.files (
  file int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  bucket text NOT NULL,
  key text NOT NULL,
  version text NOT NULL,
  acquirer text NOT NULL,
  received_at timestamptz NOT NULL,
  -- When its end was reached; null while it is read, or when whoever read it died.
  read_at timestamptz,
  CONSTRAINT left_once UNIQUE (bucket, key, version)
);

-- Money that an acquirer says moved, once, however many of its files say so.
CREATE TABLE settlement.movements (
  movement bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  acquirer text NOT NULL,
  settled_on date NOT NULL,
  kind text NOT NULL CHECK (kind IN ('capture', 'refund', 'chargeback', 'chargeback_reversal', 'cost')),
  reference text NOT NULL,
  operation_key text,
  dispute text,
  currency char(3) NOT NULL,
  -- The n-th in a file that says the same more than once.
  occurrence int NOT NULL CHECK (occurrence > 0),
  gross bigint NOT NULL,
  cost bigint NOT NULL CHECK (cost >= 0),
  received_at timestamptz NOT NULL,
  -- What it settles; null while the books know of nothing.
  expected bigint REFERENCES settlement.expected,
  CONSTRAINT said_once UNIQUE NULLS NOT DISTINCT (acquirer, settled_on, kind, reference, operation_key, dispute, currency, occurrence)
);
CREATE INDEX ON settlement.movements (expected) WHERE expected IS NOT NULL;
CREATE INDEX movements_unknown ON settlement.movements (acquirer, operation_key) WHERE expected IS NULL;
CREATE INDEX movements_waiting ON settlement.movements (received_at) WHERE expected IS NULL AND kind <> 'cost';

-- Which line of which file said so.
CREATE TABLE settlement.lines (
  file int NOT NULL REFERENCES settlement.files,
  place int NOT NULL CHECK (place > 0),
  -- Of an entry that has several.
  part int NOT NULL CHECK (part > 0),
  movement bigint NOT NULL REFERENCES settlement.movements,
  PRIMARY KEY (file, place, part)
);
CREATE INDEX ON settlement.lines (movement);

-- What of a file could not be taken, with the reason: a person asks whoever left it. The lines around it are taken.
CREATE TABLE settlement.flaws (
  file int NOT NULL REFERENCES settlement.files,
  place int NOT NULL,
  reason text NOT NULL,
  text text NOT NULL,
  -- Nothing behind it could be trusted.
  ends_file boolean NOT NULL,
  PRIMARY KEY (file, place, reason)
);

-- An item of the two sides that does not match, until it does or somebody decides.
CREATE TABLE settlement.breaks (
  break bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL
    CHECK (kind IN ('missing', 'unexpected', 'over', 'under', 'duplicate', 'wrong_currency', 'late')),
  acquirer text NOT NULL,
  book text,
  currency char(3) NOT NULL,
  -- What is in question: positive where more came than the books know of.
  amount numeric NOT NULL,
  expected bigint REFERENCES settlement.expected,
  movement bigint REFERENCES settlement.movements,
  opened_at timestamptz NOT NULL,
  closed_at timestamptz,
  -- 'matched': by what came later. 'decided': by somebody, whose word is among the notes.
  closed_as text CHECK (closed_as IN ('matched', 'decided')),
  assignee text,
  CHECK ((closed_at IS NULL) = (closed_as IS NULL)),
  CHECK (expected IS NOT NULL OR movement IS NOT NULL),
  CONSTRAINT found_once UNIQUE NULLS NOT DISTINCT (kind, expected, movement)
);
CREATE INDEX breaks_open ON settlement.breaks (opened_at) WHERE closed_at IS NULL;
CREATE INDEX ON settlement.breaks (expected) WHERE expected IS NOT NULL;
CREATE INDEX ON settlement.breaks (movement) WHERE movement IS NOT NULL;

-- Who did what about a break, and why.
CREATE TABLE settlement.notes (
  break bigint NOT NULL REFERENCES settlement.breaks,
  noted_at timestamptz NOT NULL,
  who text NOT NULL CHECK (who <> ''),
  act text NOT NULL CHECK (act IN ('assigned', 'commented', 'resolved')),
  words text NOT NULL CHECK (words <> ''),
  -- The entry that puts it right, where one does.
  entry text
);
CREATE INDEX ON settlement.notes (break, noted_at);

CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.lines FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.flaws FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON settlement.notes FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();
