-- Takes back what `fleet prerequisites DATABASE` gave, once the database is offboarded. The login stays. Never run by us.
-- Source: https://learn.microsoft.com/en-us/sql/t-sql/statements/drop-user-transact-sql (documented): the user's rights in
-- the database go with it; one that owns something there is refused.
USE ${database};
DROP USER ${login};
-- The right in the whole server, only if none of the login's databases is read any more:
-- USE [master];
-- REVOKE VIEW SERVER STATE FROM ${login};
