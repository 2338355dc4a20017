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

-- And those that are made later. This speaks of tables that the person who runs it makes: let the owner of the tables
-- run it.
-- https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${login};
