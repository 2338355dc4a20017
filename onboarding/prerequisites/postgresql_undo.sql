--: script
-- Takes back what `fleet prerequisites` gave for a full load, once the database is offboarded. The login stays.
-- \connect is psql's own: with another client, connect to that database by hand.

-- Nor does it read what is made later. Let the same person run this who ran the other.
-- https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
-- https://www.postgresql.org/docs/current/catalog-pg-default-acl.html
DO $fleet$ DECLARE owner text; BEGIN FOR owner IN SELECT DISTINCT rolname FROM pg_default_acl JOIN pg_roles ON pg_roles.oid = defaclrole JOIN pg_namespace ON pg_namespace.oid = defaclnamespace WHERE nspname = ${schema_text} AND pg_has_role(rolname, 'MEMBER') LOOP EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I REVOKE SELECT ON TABLES FROM %I', owner, ${schema_text}, ${login_text}); END LOOP; END $fleet$;

-- The login reads nothing here any more. CONNECT that everybody has (PUBLIC) it keeps.
-- https://www.postgresql.org/docs/current/sql-revoke.html
REVOKE SELECT ON ALL TABLES IN SCHEMA ${schema} FROM ${login};
REVOKE USAGE ON SCHEMA ${schema} FROM ${login};
REVOKE CONNECT ON DATABASE ${database} FROM ${login};
