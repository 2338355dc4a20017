-- For a full load: the user reads the tables and views and sees how they are defined. The login exists already.
-- Source: AWS DMS user guide, "Using a Microsoft SQL Server database as a source for AWS DMS", "Permissions for full load
-- only tasks" (documented; docs/facts/dms.md 7.2). A view of another database needs the user there as well.
USE ${database};
CREATE USER ${login} FOR LOGIN ${login};
ALTER ROLE [db_datareader] ADD MEMBER ${login};
GRANT VIEW DATABASE STATE TO ${login};
GRANT VIEW DEFINITION TO ${login};
USE [master];
GRANT VIEW SERVER STATE TO ${login};
