-- People come into the books by users of their own. `finance` reads all, and decides what is left to a person: what became of a
-- break, which day an entry of the bank pays, what was agreed with an acquirer, that a period is closed. `auditor` reads all. Neither writes past these functions, and
-- neither posts.
DO $$
DECLARE
  person text;
BEGIN
  FOREACH person IN ARRAY ARRAY['finance', 'auditor'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = person) THEN EXECUTE format('CREATE ROLE %I LOGIN', person); END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_iam') THEN EXECUTE format('GRANT rds_iam TO %I', person); END IF;
  END LOOP;
END
$$;

REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA books, settlement FROM PUBLIC;
GRANT USAGE ON SCHEMA books, settlement TO finance, auditor;
GRANT SELECT ON ALL TABLES IN SCHEMA books, settlement TO finance, auditor;
-- And those that later files make.
ALTER DEFAULT PRIVILEGES IN SCHEMA books, settlement GRANT SELECT ON TABLES TO finance, auditor;
GRANT EXECUTE ON FUNCTION books.trial_balance, books.statement, books.balances_of, books.totals, books.unfolded,
  books.merchant_money, books.day_of_account, books.safeguarding, books.sums, books.large, books.against,
  settlement.break_ages, settlement.standing, settlement.suspense TO finance, auditor;
GRANT EXECUTE ON FUNCTION books.close, settlement.note, settlement.pays, settlement.agree TO finance;

-- How long a statement may take is said here and not by whoever connects: RDS's proxy lets in nobody who brings a parameter. A
-- day's statement of a large merchant takes minutes.
ALTER ROLE reconciler SET statement_timeout = '60s';
ALTER ROLE finance SET statement_timeout = '15min';
ALTER ROLE auditor SET statement_timeout = '15min';
