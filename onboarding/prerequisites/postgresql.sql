--: script
-- For a full load. The login exists already. \connect is psql's own: with another client, connect to that database by
-- hand.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html

-- The login may connect to the database, and look into the schema: without that, SELECT is of no use.
-- https://www.postgresql.org/docs/current/ddl-priv.html
GRANT CONNECT ON DATABASE ${database} TO ${login};
GRANT USAGE ON SCHEMA ${schema} TO ${login};

-- A full load reads the tables and views.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html
GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${login};

-- And those that are made later: by the person who runs this, and by who owns a table there now, as far as that person
-- may speak for them. What somebody else makes one day takes this script again.
-- https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${login};
DO $fleet$ DECLARE owner text; BEGIN FOR owner IN SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = ${schema_text} AND pg_has_role(tableowner, 'MEMBER') LOOP EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT ON TABLES TO %I', owner, ${schema_text}, ${login_text}); END LOOP; END $fleet$;
