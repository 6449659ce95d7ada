-- roles.sql: one role per program. Run by sql/apply, before the migrations,
-- because roles belong to the cluster and not to a database. Idempotent.
--
-- The roles can log in, but have no password: how they are authenticated
-- (peer, certificates, scram) is decided by pg_hba.conf. Timeouts and
-- connection limits are set when a role is created, so an operator's own
-- ALTER ROLE stays. They are part of the design: any open transaction holds
-- back the feed's horizon. The operator's role has room for a
-- `understudyctl bootstrap` beside an apid whose pool is full.

DO $$
DECLARE
	r record;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'understudy_owner')
	THEN
		CREATE ROLE understudy_owner NOLOGIN;
	END IF;
	IF NOT pg_has_role(current_user, 'understudy_owner', 'MEMBER') THEN
		EXECUTE format('GRANT understudy_owner TO %I', current_user);
	END IF;
	FOR r IN SELECT * FROM (VALUES
	    ('understudy_apid_app',	 30, '15s',   '5s',  '10s'),
	    ('understudy_apid_auth',	 30, '5s',    '2s',  '5s'),
	    ('understudy_apid_operator', 12, '60s',   '5s',  '10s'),
	    ('understudy_xferd',	 30, '10min', '10s', '60s'),
	    ('understudy_dnsd',		 12, '5min',  '5s',  '60s'),
	    ('understudy_mon',		  4, '10s',   '1s',  '5s'))
	    AS v (name, connections, statement, lock, idle)
	LOOP
		CONTINUE WHEN EXISTS (
		    SELECT FROM pg_roles WHERE rolname = r.name);
		EXECUTE format('CREATE ROLE %I LOGIN NOINHERIT NOBYPASSRLS '
		    'CONNECTION LIMIT %s', r.name, r.connections);
		EXECUTE format('ALTER ROLE %I SET statement_timeout = %L',
		    r.name, r.statement);
		EXECUTE format('ALTER ROLE %I SET lock_timeout = %L',
		    r.name, r.lock);
		EXECUTE format('ALTER ROLE %I SET '
		    'idle_in_transaction_session_timeout = %L', r.name, r.idle);
		-- Statements are prepared, so a plan made while the tables are
		-- young stays until the next ANALYZE: it must already go by
		-- index (tests/sql/statement.py), and the data is on flash.
		EXECUTE format('ALTER ROLE %I SET random_page_cost = 1.1',
		    r.name);
		-- Costs more than any of our statements gains by it.
		EXECUTE format('ALTER ROLE %I SET jit = off', r.name);
	END LOOP;

	EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC',
	    current_database());
	EXECUTE format('GRANT CREATE, CONNECT, TEMPORARY ON DATABASE %I '
	    'TO understudy_owner', current_database());
	EXECUTE format('GRANT CONNECT ON DATABASE %I TO understudy_apid_app, '
	    'understudy_apid_auth, understudy_apid_operator, '
	    'understudy_xferd, understudy_dnsd, understudy_mon',
	    current_database());
END
$$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO understudy_owner;
