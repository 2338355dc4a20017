--: script
-- For a full load. The login exists already. None of this was ever run by us on a SQL Server.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html

--: server
-- DMS and the fleet look into the server's own views.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html
USE [master];
GRANT VIEW SERVER STATE TO ${login};

-- The login is a user of the database, reads its tables and views, and sees how they are defined. A view of another
-- database needs the user there as well. SQL Server 2012 and 2014 take the same statements. What differs is the
-- encryption: without Microsoft's update for TLS 1.2 (https://support.microsoft.com/kb/3135244) they offer none that
-- AskSource accepts with `ssl_mode: require`. Before 2012, ALTER ROLE has no ADD MEMBER: sp_addrolemember does the
-- same. None of them was ever reached.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html
USE ${database};
IF DATABASE_PRINCIPAL_ID(N${login_text}) IS NULL CREATE USER ${login} FOR LOGIN ${login};
ALTER ROLE [db_datareader] ADD MEMBER ${login};
GRANT VIEW DATABASE STATE TO ${login};
GRANT VIEW DEFINITION TO ${login};
