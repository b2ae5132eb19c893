-- IAM decides who comes in, as a user of the database with no rights (ADR 56). Whoever came in reads what finance reads; the landing,
-- where events are whole, is its owner's.
GRANT USAGE ON SCHEMA finance TO PUBLIC;

GRANT SELECT ON ALL TABLES IN SCHEMA finance TO PUBLIC;

ALTER DEFAULT PRIVILEGES IN SCHEMA finance GRANT SELECT ON TABLES TO PUBLIC;

-- By default anybody makes tables there.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
