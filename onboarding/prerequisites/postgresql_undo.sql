--: script
-- Takes back what `fleet prerequisites` gave for a full load, once the database is offboarded. The login stays.
-- \connect is psql's own: with another client, connect to that database by hand.

-- Let the same person run this who ran the other: a default privilege is that person's.
-- https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html
ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} REVOKE SELECT ON TABLES FROM ${login};

-- The login reads nothing here any more. CONNECT that everybody has (PUBLIC) it keeps.
-- https://www.postgresql.org/docs/current/sql-revoke.html
REVOKE SELECT ON ALL TABLES IN SCHEMA ${schema} FROM ${login};
REVOKE USAGE ON SCHEMA ${schema} FROM ${login};
REVOKE CONNECT ON DATABASE ${database} FROM ${login};
