--: script
-- Takes back what `fleet prerequisites` gave for a full load, once the database is offboarded. The login stays. None of
-- this was ever run by us on a SQL Server.

-- The user's rights in the database go with it; one that owns something there is refused.
-- https://learn.microsoft.com/en-us/sql/t-sql/statements/drop-user-transact-sql
USE ${database};
IF DATABASE_PRINCIPAL_ID(N${login_text}) IS NOT NULL DROP USER ${login};

--: server
-- What the login may do in the whole server.
-- https://learn.microsoft.com/en-us/sql/t-sql/statements/revoke-server-permissions-transact-sql
USE [master];
REVOKE VIEW SERVER STATE FROM ${login};
