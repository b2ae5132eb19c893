-- How many records a day of a book has, kept as they are written: whoever compares the books with the ledger each night adds
-- up days, and counts no records.
CREATE TABLE books.record_days (
  book text NOT NULL,
  booked_on date NOT NULL,
  records bigint NOT NULL CHECK (records > 0),
  PRIMARY KEY (book, booked_on)
);

CREATE FUNCTION books.count_records() RETURNS trigger LANGUAGE plpgsql SET search_path = books, pg_temp AS $$
BEGIN
  INSERT INTO record_days AS day
  SELECT book, booked_on, count(*) FROM added GROUP BY book, booked_on
  -- Two that add at once take their days in one order.
  ORDER BY book, booked_on
  ON CONFLICT (book, booked_on) DO UPDATE SET records = day.records + excluded.records;
  RETURN NULL;
END
$$;
-- Whoever adds records waits from here on until those that are there are counted.
CREATE TRIGGER counted AFTER INSERT ON books.records REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION books.count_records();
INSERT INTO books.record_days SELECT book, booked_on, count(*) FROM books.records GROUP BY book, booked_on;

-- In which of 16 parts of its book's journal the ledger has an entry: the first four bytes of its id's SHA-256, modulo 16.
CREATE FUNCTION books.journal_shard(entry text) RETURNS int LANGUAGE sql STABLE AS $$
  SELECT get_byte(sha256(convert_to(entry, 'UTF8')), 3) & 15
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA books FROM PUBLIC;
GRANT SELECT ON books.record_days TO reconciler;
GRANT EXECUTE ON FUNCTION books.journal_shard TO reconciler;
