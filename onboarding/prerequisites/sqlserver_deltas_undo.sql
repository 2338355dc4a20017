--: script
-- Takes back what `fleet prerequisites --deltas` gave, once `deltas: false` is deployed, which deletes the task. None
-- of this was ever run by us on a SQL Server.

-- The mark, and the right to read the log.
-- https://learn.microsoft.com/en-us/sql/t-sql/statements/drop-table-transact-sql
USE ${database};
IF OBJECT_ID(N${mark_text}) IS NOT NULL DROP TABLE ${mark};
IF IS_ROLEMEMBER(N'db_owner', N${login_text}) = 1 ALTER ROLE [db_owner] DROP MEMBER ${login};

--: rds azure-mi
-- What keeps the log: only if nobody else reads changes of this database, which only you know. Run what this answers;
-- or end MS-CDC as a whole: on Amazon RDS EXEC msdb.dbo.rds_cdc_disable_db with the database's name, on Azure EXEC
-- sys.sp_cdc_disable_db.
-- https://learn.microsoft.com/en-us/sql/relational-databases/system-stored-procedures/sys-sp-cdc-disable-table-transact-sql
SELECT 'EXEC sys.sp_cdc_disable_table @source_schema = N' + QUOTENAME(s.name, '''') + ', @source_name = N' + QUOTENAME(t.name, '''') + ', @capture_instance = N''all'';' FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE t.is_tracked_by_cdc = 1 AND s.name IN (${schema_texts});

--: self-managed
-- What keeps the log: the publication that DMS made (AR_PUBLICATION_ and the database's number) stays until it is
-- dropped, and the log is kept for it. sp_droppublication drops it; sp_replicationdboption with @value = N'false' ends
-- all of them, only if nobody else reads changes of this database, which only you know. This shows what is published.
-- https://learn.microsoft.com/en-us/sql/relational-databases/system-stored-procedures/sp-droppublication-transact-sql
SELECT name, is_published, is_cdc_enabled, log_reuse_wait_desc FROM sys.databases WHERE name = DB_NAME();

--: server self-managed sysadmin
-- The login is sysadmin no more.
-- https://learn.microsoft.com/en-us/sql/t-sql/statements/alter-server-role-transact-sql
IF IS_SRVROLEMEMBER(N'sysadmin', N${login_text}) = 1 ALTER SERVER ROLE [sysadmin] DROP MEMBER ${login};

--: server self-managed without-sysadmin
-- DMS's procedures go, and with them their signatures, then the logins and certificates.
-- https://learn.microsoft.com/en-us/sql/t-sql/statements/drop-certificate-transact-sql
USE [master];
IF OBJECT_ID(N'[awsdms].[rtm_dump_dblog]', N'P') IS NOT NULL DROP PROCEDURE [awsdms].[rtm_dump_dblog];
IF OBJECT_ID(N'[awsdms].[rtm_position_1st_timestamp]', N'P') IS NOT NULL DROP PROCEDURE [awsdms].[rtm_position_1st_timestamp];
IF OBJECT_ID(N'[awsdms].[split_partition_list]', N'TF') IS NOT NULL DROP FUNCTION [awsdms].[split_partition_list];
IF SCHEMA_ID(N'awsdms') IS NOT NULL DROP SCHEMA [awsdms];
IF EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'awsdms_rtm_dump_dblog_login') DROP LOGIN [awsdms_rtm_dump_dblog_login];
IF EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'awsdms_rtm_position_1st_timestamp_login') DROP LOGIN [awsdms_rtm_position_1st_timestamp_login];
IF CERT_ID(N'awsdms_rtm_dump_dblog_cert') IS NOT NULL DROP CERTIFICATE [awsdms_rtm_dump_dblog_cert];
IF CERT_ID(N'awsdms_rtm_position_1st_timestamp_cert') IS NOT NULL DROP CERTIFICATE [awsdms_rtm_position_1st_timestamp_cert];

--: server self-managed without-sysadmin
-- The login's rights in master go with its user.
-- https://learn.microsoft.com/en-us/sql/t-sql/statements/drop-user-transact-sql
REVOKE VIEW ANY DEFINITION FROM ${login};
IF DATABASE_PRINCIPAL_ID(N${login_text}) IS NOT NULL DROP USER ${login};

--: server
-- The login's rights in msdb go with its user.
-- https://learn.microsoft.com/en-us/sql/t-sql/statements/drop-user-transact-sql
USE [msdb];
IF DATABASE_PRINCIPAL_ID(N${login_text}) IS NOT NULL DROP USER ${login};
