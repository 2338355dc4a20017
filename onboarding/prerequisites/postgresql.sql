-- For a full load: the user reads the tables and views, and those made later. The login exists already.
-- Source: AWS DMS user guide, "Using a PostgreSQL database as an AWS DMS source": full-load tasks need SELECT on the
-- tables (documented). CONNECT and USAGE are what PostgreSQL asks for before SELECT is of use. A default privilege
-- speaks of tables that the person who runs this makes: let the owner of the tables run it.
GRANT CONNECT ON DATABASE ${database} TO ${login};
GRANT USAGE ON SCHEMA ${schema} TO ${login};
GRANT SELECT ON ALL TABLES IN SCHEMA ${schema} TO ${login};
ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${login};
