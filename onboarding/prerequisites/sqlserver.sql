-- For a full load: the user reads the tables and views and sees how they are defined. The login exists already.
-- Source: AWS DMS user guide, "Using a Microsoft SQL Server database as a source for AWS DMS", "Permissions for full load
-- only tasks" (documented; docs/facts/dms.md 7.2). A view of another database needs the user there as well.
-- SQL Server 2012 and 2014 take the same statements. What differs is the encryption: without Microsoft's update for
-- TLS 1.2 (https://support.microsoft.com/kb/3135244) they offer none that AskSource accepts with `ssl_mode: require`.
-- Before 2012, ALTER ROLE has no ADD MEMBER: EXEC sp_addrolemember 'db_datareader', ${login} does the same
-- (https://learn.microsoft.com/en-us/sql/t-sql/statements/alter-role-transact-sql). None of them was ever reached.
USE ${database};
CREATE USER ${login} FOR LOGIN ${login};
ALTER ROLE [db_datareader] ADD MEMBER ${login};
GRANT VIEW DATABASE STATE TO ${login};
GRANT VIEW DEFINITION TO ${login};
USE [master];
GRANT VIEW SERVER STATE TO ${login};
