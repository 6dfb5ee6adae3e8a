-- What the role of web servers, workers and beat may do, and no more. For psql, typed as the role that owns the tables,
-- after `flask db upgrade`; typed again, it does the same again.
\set ON_ERROR_STOP on
BEGIN;

REVOKE TEMPORARY ON DATABASE :"DBNAME" FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CONNECT ON DATABASE :"DBNAME" TO satchel_app;
GRANT USAGE ON SCHEMA public TO satchel_app;

-- The tables of now, and those of later versions. TRUNCATE, REFERENCES and TRIGGER are nobody's but the owner's.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM satchel_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO satchel_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO satchel_app;

-- Rows are added to the audit and never changed; of the end of the chain there is one row for ever; migrations are the
-- owner's.
REVOKE UPDATE, DELETE ON audit FROM satchel_app;
REVOKE INSERT, DELETE ON audit_head FROM satchel_app;
REVOKE ALL ON alembic_version FROM satchel_app;

-- None of this binds a superuser, an owner, or a member of a role that may more.
DO $$
BEGIN
    IF (SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename = 'audit') <> current_user THEN
        RAISE EXCEPTION 'type this as the role that owns the tables, which is not %', current_user;
    END IF;
    IF has_table_privilege('satchel_app', 'audit', 'UPDATE, DELETE, TRUNCATE')
        OR has_schema_privilege('satchel_app', 'public', 'CREATE')
        OR has_database_privilege('satchel_app', current_database(), 'CREATE, TEMPORARY')
    THEN
        RAISE EXCEPTION 'satchel_app may still do more than the application needs';
    END IF;
END $$;

COMMIT;
