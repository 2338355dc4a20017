-- Takes back what `fleet prerequisites DATABASE` gave, once the database is offboarded. The login stays.
-- Source: PostgreSQL's manual, "REVOKE" and "ALTER DEFAULT PRIVILEGES". Let the same person run it who ran the other: a
-- default privilege is that person's. CONNECT that everybody has (PUBLIC) the login keeps.
ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} REVOKE SELECT ON TABLES FROM ${login};
REVOKE SELECT ON ALL TABLES IN SCHEMA ${schema} FROM ${login};
REVOKE USAGE ON SCHEMA ${schema} FROM ${login};
REVOKE CONNECT ON DATABASE ${database} FROM ${login};
