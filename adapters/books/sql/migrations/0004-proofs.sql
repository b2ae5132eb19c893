-- Files of the archive as they were when their records were posted, and the proofs that name them. A proof is a link of a
-- chain: it is here first, as the text that is signed, and then in the archive.
CREATE TABLE books.files (
  file bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key text NOT NULL,
  -- Empty in a bucket without versions.
  version text NOT NULL,
  lines bigint NOT NULL CHECK (lines >= 0),
  -- Of the Merkle tree over its lines, each with its end (RFC 6962).
  root bytea NOT NULL CHECK (length(root) = 32),
  received_at timestamptz NOT NULL,
  CONSTRAINT read_once UNIQUE (key, version)
);

CREATE TABLE books.proofs (
  number int PRIMARY KEY CHECK (number >= 1),
  -- Of the statement.
  digest bytea NOT NULL UNIQUE CHECK (digest = sha256(convert_to(statement, 'UTF8'))),
  before int GENERATED ALWAYS AS (nullif(number - 1, 0)) STORED,
  previous bytea CHECK ((previous IS NULL) = (number = 1)),
  -- The text as it is signed.
  statement text NOT NULL,
  proven_at timestamptz NOT NULL,
  UNIQUE (number, digest),
  CONSTRAINT chained FOREIGN KEY (before, previous) REFERENCES books.proofs (number, digest)
);

-- Which proof names a file: one.
CREATE TABLE books.proven (
  file bigint PRIMARY KEY REFERENCES books.files,
  proof int NOT NULL REFERENCES books.proofs
);

-- Proofs that are signed and in the archive.
CREATE TABLE books.proofs_kept (
  number int PRIMARY KEY REFERENCES books.proofs,
  kept_at timestamptz NOT NULL
);

CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON books.files FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON books.proofs FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON books.proven FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();
CREATE TRIGGER only_added BEFORE UPDATE OR DELETE OR TRUNCATE ON books.proofs_kept FOR EACH STATEMENT EXECUTE FUNCTION books.refuse_change();

-- A night looks at the last days alone.
CREATE INDEX postings_by_day ON books.postings USING brin (booked_on);

-- Keeps what a file was when it was read. A version of an object is what it is: read again it is the same, or S3 is not what
-- it was.
CREATE FUNCTION books.keep_file(of_key text, of_version text, with_lines bigint, with_root bytea, at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = books, pg_temp AS $$
BEGIN
  INSERT INTO files (key, version, lines, root, received_at) VALUES (of_key, of_version, with_lines, with_root, at)
  ON CONFLICT ON CONSTRAINT read_once DO NOTHING;
  IF NOT EXISTS (SELECT FROM files WHERE key = of_key AND version = of_version AND lines = with_lines AND root = with_root) THEN
    RAISE EXCEPTION 'the file % was another one when it was read before', of_key USING ERRCODE = 'integrity_constraint_violation';
  END IF;
END
$$;

-- Files that no proof names yet, in the order in which they were kept.
CREATE FUNCTION books.unproven(count_max int) RETURNS SETOF books.files
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  SELECT * FROM files WHERE NOT EXISTS (SELECT FROM proven WHERE proven.file = files.file) ORDER BY file LIMIT count_max
$$;

-- Adds a proof: of two that follow the same one, or name the same file, the first is kept and the second refused. What it
-- names is what the books have of those files, word by word.
CREATE FUNCTION books.prove(told text, of_files bigint[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = books, pg_temp AS $$
DECLARE
  said jsonb := told::jsonb;
BEGIN
  INSERT INTO proofs (number, digest, previous, statement, proven_at) VALUES (
    (said->>'number')::int, sha256(convert_to(told, 'UTF8')), decode(said->>'previous', 'hex'), told, (said->>'proven_at')::timestamptz);
  INSERT INTO proven (file, proof) SELECT unnest(of_files), (said->>'number')::int;
  IF jsonb_array_length(said->'files') <> cardinality(of_files) OR cardinality(of_files) <> (
    SELECT count(*) FROM jsonb_array_elements(said->'files') AS named (file)
    JOIN files ON files.file = ANY (of_files) AND files.key = named.file->>'key' AND files.version = named.file->>'version'
      AND files.lines = (named.file->>'lines')::bigint AND files.root = decode(named.file->>'root', 'hex')
  ) THEN
    RAISE EXCEPTION 'proof % says of files what the books do not have', said->>'number' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
END
$$;

CREATE FUNCTION books.keep_proof(of_number int, at timestamptz) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = books, pg_temp AS $$
  INSERT INTO proofs_kept (number, kept_at) VALUES (of_number, at) ON CONFLICT DO NOTHING
$$;

-- All debits and credits, by currency.
CREATE FUNCTION books.totals() RETURNS TABLE (
  currency char(3), debits numeric, credits numeric, debits_held numeric, credits_held numeric
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  SELECT currency, sum(debits), sum(credits), sum(debits_held), sum(credits_held) FROM days GROUP BY currency ORDER BY currency
$$;

-- Days of accounts, from one on, that are not what their postings add up to.
CREATE FUNCTION books.unfolded(first_day date) RETURNS TABLE (book text, account text, currency char(3), booked_on date)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  WITH summed AS (
    SELECT book, account, currency, booked_on,
      coalesce(sum(amount) FILTER (WHERE effect = 'posted' AND side = 'debit'), 0) AS debits,
      coalesce(sum(amount) FILTER (WHERE effect = 'posted' AND side = 'credit'), 0) AS credits,
      coalesce(sum(CASE effect WHEN 'held' THEN amount WHEN 'released' THEN -amount END) FILTER (WHERE side = 'debit'), 0) AS debits_held,
      coalesce(sum(CASE effect WHEN 'held' THEN amount WHEN 'released' THEN -amount END) FILTER (WHERE side = 'credit'), 0) AS credits_held
    FROM postings WHERE booked_on >= first_day GROUP BY book, account, currency, booked_on
  ), kept AS (
    SELECT * FROM days WHERE booked_on >= first_day
  )
  SELECT book, account, currency, booked_on FROM summed FULL JOIN kept USING (book, account, currency, booked_on)
  WHERE (summed.debits, summed.credits, summed.debits_held, summed.credits_held)
    IS DISTINCT FROM (kept.debits, kept.credits, kept.debits_held, kept.credits_held)
  ORDER BY booked_on, book, account, currency
$$;

-- What accounts came to by the records of the journal up to a moment, from their postings alone.
CREATE FUNCTION books.balances_of(up_to timestamptz) RETURNS TABLE (
  book text, account text, currency char(3), debits numeric, credits numeric, debits_held numeric, credits_held numeric
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = books, pg_temp AS $$
  SELECT book, account, currency,
    coalesce(sum(amount) FILTER (WHERE effect = 'posted' AND side = 'debit'), 0),
    coalesce(sum(amount) FILTER (WHERE effect = 'posted' AND side = 'credit'), 0),
    coalesce(sum(CASE effect WHEN 'held' THEN amount WHEN 'released' THEN -amount END) FILTER (WHERE side = 'debit'), 0),
    coalesce(sum(CASE effect WHEN 'held' THEN amount WHEN 'released' THEN -amount END) FILTER (WHERE side = 'credit'), 0)
  FROM postings JOIN records USING (event_id, book)
  WHERE recorded_at <= up_to
  GROUP BY book, account, currency
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA books FROM PUBLIC;
GRANT SELECT ON books.files, books.proofs, books.proven, books.proofs_kept TO reconciler;
GRANT EXECUTE ON FUNCTION books.keep_file, books.unproven, books.prove, books.keep_proof, books.totals, books.unfolded TO reconciler;
