--: script
-- For deltas, after what `fleet prerequisites` prints without --deltas. The login exists already. None of this was ever
-- run by us on a SQL Server.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html

--: server self-managed
-- A distributor is configured: in Management Studio, folder Replication, "Configure Distribution"; the agents run. This
-- shows whether there is one (NULL: there is none), and changes nothing.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html
USE [master];
EXEC sp_get_distributor;

--: server self-managed sysadmin
-- As sysadmin the login may read the log and its backups, and DMS publishes the tables by itself. It may do everything
-- else on this server too: `fleet prerequisites --without-sysadmin` prints the other way.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_Source.SQLServer.CDC.MSCDC.Sysadmin
ALTER SERVER ROLE [sysadmin] ADD MEMBER ${login};

--: server self-managed without-sysadmin
-- Without sysadmin. In an availability group: on each replica, where the login has the same SID. The script takes a
-- password of your choice for two certificates: sqlcmd -v certificate_password="..." (or SQLCMD mode of Management
-- Studio). First the login's user in master, and the schema of DMS's procedures.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_SupportScripts.SQLServer.standalone
USE [master];
IF DATABASE_PRINCIPAL_ID(N${login_text}) IS NULL CREATE USER ${login} FOR LOGIN ${login};
IF SCHEMA_ID(N'awsdms') IS NULL EXEC sp_executesql N'CREATE SCHEMA [awsdms]';

--: server self-managed without-sysadmin
-- Now run what that page gives in its steps 3, 4 and 9: the function awsdms.split_partition_list, and the procedures
-- awsdms.rtm_dump_dblog and awsdms.rtm_position_1st_timestamp. They are AWS's, run as sysadmin once they are signed,
-- and DMS calls them by their columns: take them from there, not from here. Then run this script again. This names
-- those that are missing.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_SupportScripts.SQLServer.standalone
IF OBJECT_ID(N'[awsdms].[split_partition_list]', N'TF') IS NULL RAISERROR (N'awsdms.split_partition_list is missing: step 3 of the page.', 16, 1);
IF OBJECT_ID(N'[awsdms].[rtm_dump_dblog]', N'P') IS NULL RAISERROR (N'awsdms.rtm_dump_dblog is missing: step 4 of the page.', 16, 1);
IF OBJECT_ID(N'[awsdms].[rtm_position_1st_timestamp]', N'P') IS NULL RAISERROR (N'awsdms.rtm_position_1st_timestamp is missing: step 9 of the page.', 16, 1);

--: server self-managed without-sysadmin
-- Two certificates sign the procedures. Of each there is a login that nobody signs in with, which is sysadmin: so the
-- procedures may read the log and its backups, and the fleet's login may not.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_SupportScripts.SQLServer.standalone
-- https://learn.microsoft.com/en-us/sql/t-sql/statements/add-signature-transact-sql
IF N'$(certificate_password)' = N'$' + N'(certificate_password)' RAISERROR (N'The script takes a password: sqlcmd -v certificate_password=...', 16, 1);
IF N'$(certificate_password)' <> N'$' + N'(certificate_password)' AND CERT_ID(N'awsdms_rtm_dump_dblog_cert') IS NULL CREATE CERTIFICATE [awsdms_rtm_dump_dblog_cert] ENCRYPTION BY PASSWORD = N'$(certificate_password)' WITH SUBJECT = N'awsdms.rtm_dump_dblog reads backups of the log';
IF N'$(certificate_password)' <> N'$' + N'(certificate_password)' AND CERT_ID(N'awsdms_rtm_position_1st_timestamp_cert') IS NULL CREATE CERTIFICATE [awsdms_rtm_position_1st_timestamp_cert] ENCRYPTION BY PASSWORD = N'$(certificate_password)' WITH SUBJECT = N'awsdms.rtm_position_1st_timestamp reads backups of the log';
IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'awsdms_rtm_dump_dblog_login') CREATE LOGIN [awsdms_rtm_dump_dblog_login] FROM CERTIFICATE [awsdms_rtm_dump_dblog_cert];
IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'awsdms_rtm_position_1st_timestamp_login') CREATE LOGIN [awsdms_rtm_position_1st_timestamp_login] FROM CERTIFICATE [awsdms_rtm_position_1st_timestamp_cert];
ALTER SERVER ROLE [sysadmin] ADD MEMBER [awsdms_rtm_dump_dblog_login];
ALTER SERVER ROLE [sysadmin] ADD MEMBER [awsdms_rtm_position_1st_timestamp_login];
IF OBJECT_ID(N'[awsdms].[rtm_dump_dblog]', N'P') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sys.crypt_properties WHERE major_id = OBJECT_ID(N'[awsdms].[rtm_dump_dblog]')) ADD SIGNATURE TO [awsdms].[rtm_dump_dblog] BY CERTIFICATE [awsdms_rtm_dump_dblog_cert] WITH PASSWORD = N'$(certificate_password)';
IF OBJECT_ID(N'[awsdms].[rtm_position_1st_timestamp]', N'P') IS NOT NULL AND NOT EXISTS (SELECT 1 FROM sys.crypt_properties WHERE major_id = OBJECT_ID(N'[awsdms].[rtm_position_1st_timestamp]')) ADD SIGNATURE TO [awsdms].[rtm_position_1st_timestamp] BY CERTIFICATE [awsdms_rtm_position_1st_timestamp_cert] WITH PASSWORD = N'$(certificate_password)';

--: server self-managed without-sysadmin
-- The login reads the log, sees definitions, calls those procedures, and keeps the publication that DMS reads. DMS calls
-- them where its endpoints have enableNonSysadminWrapper=true: the server's entry in servers.yaml has
-- `endpoint_settings: {EnableNonSysadminWrapper: true}`, which the next deployment gives them.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_SupportScripts.SQLServer.standalone
GRANT SELECT ON sys.fn_dblog TO ${login};
GRANT VIEW ANY DEFINITION TO ${login};
GRANT EXECUTE ON sp_repldone TO ${login};
GRANT EXECUTE ON sp_replincrementlsn TO ${login};
GRANT EXECUTE ON sp_addpublication TO ${login};
GRANT EXECUTE ON sp_addarticle TO ${login};
GRANT EXECUTE ON sp_articlefilter TO ${login};
IF OBJECT_ID(N'[awsdms].[split_partition_list]', N'TF') IS NOT NULL GRANT SELECT ON [awsdms].[split_partition_list] TO ${login};
IF OBJECT_ID(N'[awsdms].[rtm_dump_dblog]', N'P') IS NOT NULL GRANT EXECUTE ON [awsdms].[rtm_dump_dblog] TO ${login};
IF OBJECT_ID(N'[awsdms].[rtm_position_1st_timestamp]', N'P') IS NOT NULL GRANT EXECUTE ON [awsdms].[rtm_position_1st_timestamp] TO ${login};

--: server self-managed azure-mi
-- The login sees which backups of the log there are.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html
USE [msdb];
IF DATABASE_PRINCIPAL_ID(N${login_text}) IS NULL CREATE USER ${login} FOR LOGIN ${login};
GRANT SELECT ON dbo.backupset TO ${login};
GRANT SELECT ON dbo.backupmediafamily TO ${login};
GRANT SELECT ON dbo.backupfile TO ${login};

--: server rds
-- Backup retention of the instance: one day or more, which sets the recovery model FULL and backs the log up. DMS 3.5.3
-- and later reads those backups by these procedures; a source's endpoint of before is to be modified once.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html
USE [msdb];
IF DATABASE_PRINCIPAL_ID(N${login_text}) IS NULL CREATE USER ${login} FOR LOGIN ${login};
GRANT EXECUTE ON dbo.rds_dms_tlog_download TO ${login};
GRANT EXECUTE ON dbo.rds_dms_tlog_read TO ${login};
GRANT EXECUTE ON dbo.rds_dms_tlog_list_current_lsn TO ${login};
GRANT EXECUTE ON dbo.rds_task_status TO ${login};

--: self-managed
-- Recovery model FULL (or BULK_LOGGED), a full backup after the change, then log backups that DMS can read: native, on
-- disk, not striped over several files, not encrypted, not at a URL. They stay until a delta has read past them: longer
-- than the longest pause between two deltas that is to be borne. DMS reads the log itself, with MS-CDC too: how long
-- change tables are kept says nothing. Accelerated database recovery (2019) and delayed durability (2014) are off.
-- ALTER DATABASE CURRENT SET RECOVERY FULL (2012 and later) is left to you: from then on the log grows until it is
-- backed up. This shows what is set now, and changes nothing.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html
USE ${database};
SELECT name, recovery_model_desc, log_reuse_wait_desc, is_published, is_cdc_enabled FROM sys.databases WHERE name = DB_NAME();

--: rds azure-mi
-- Recovery model FULL, which the service sets with its backups. DMS reads the log itself: how long change tables are
-- kept says nothing. On Azure it reads the active log alone: what leaves it before a delta has read it takes full loads
-- of all tables. Delayed durability is off, and so is accelerated database recovery: DMS's page lists both as not
-- supported, and does not say how that fits Azure, where the second is always on. This shows what is set now, and
-- changes nothing.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html
USE ${database};
SELECT name, recovery_model_desc, log_reuse_wait_desc, is_published, is_cdc_enabled FROM sys.databases WHERE name = DB_NAME();

-- The mark: one row, which the fleet updates when a delta starts, so that it knows how far the delta reads. It is the
-- only thing that the fleet ever writes to a source.
-- https://learn.microsoft.com/en-us/sql/t-sql/statements/create-table-transact-sql
IF OBJECT_ID(N${mark_text}) IS NULL CREATE TABLE ${mark} ([id] int NOT NULL PRIMARY KEY, [attempt] bigint NULL);
IF NOT EXISTS (SELECT 1 FROM ${mark}) INSERT INTO ${mark} VALUES (1, 0);
GRANT SELECT, UPDATE ON ${mark} TO ${login};

-- DMS asks for db_owner to read the log.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html
ALTER ROLE [db_owner] ADD MEMBER ${login};

--: self-managed sysadmin
-- Tables without a primary key, and those that DMS does not publish, take no deltas: `fleet check DATABASE` names
-- those; they are loaded in full. That no table is published yet is no fault: DMS publishes them when the task starts
-- for the first time.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_Source.SQLServer.CDC.MSCDC.Sysadmin

--: self-managed without-sysadmin
-- The database may be published, so that updates of tables with a primary key are in the log in full. DMS makes the
-- publication and its articles by the procedures above. `fleet check DATABASE` names tables that are not covered; they
-- are loaded in full.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_SupportScripts.SQLServer.standalone
-- https://learn.microsoft.com/en-us/sql/relational-databases/system-stored-procedures/sp-replicationdboption-transact-sql
IF EXISTS (SELECT 1 FROM sys.databases WHERE name = DB_NAME() AND is_published = 0) EXEC sp_replicationdboption @dbname = N${database_text}, @optname = N'publish', @value = N'true';

--: rds
-- MS-CDC, as the instance's master user: Amazon RDS has no MS-Replication.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_Source.SQLServer.Configuration
IF EXISTS (SELECT 1 FROM sys.databases WHERE name = DB_NAME() AND is_cdc_enabled = 0) EXEC msdb.dbo.rds_cdc_enable_db N${database_text};

--: azure-mi
-- MS-CDC: DMS uses no MS-Replication there. Azure SQL Database, which is something else, takes no deltas.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_Source.SQLServer.Configuration
IF EXISTS (SELECT 1 FROM sys.databases WHERE name = DB_NAME() AND is_cdc_enabled = 0) EXEC sys.sp_cdc_enable_db;

--: rds azure-mi
-- Every table that takes deltas, and the mark, is enabled for MS-CDC: of others no updates are in the log. Run what
-- this answers, a statement for each table with a primary key that is not covered yet. `fleet check DATABASE` names the
-- others; they are loaded in full. SQL Server 2012 and 2014 have MS-CDC in the Enterprise and Developer editions only,
-- Standard has it since 2016 SP1.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_Source.SQLServer.Configuration
-- https://learn.microsoft.com/en-us/sql/relational-databases/track-changes/about-change-data-capture-sql-server
SELECT 'EXEC sys.sp_cdc_enable_table @source_schema = N' + QUOTENAME(s.name, '''') + ', @source_name = N' + QUOTENAME(t.name, '''') + ', @role_name = NULL, @supports_net_changes = 1;' FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE t.is_ms_shipped = 0 AND t.is_tracked_by_cdc = 0 AND OBJECTPROPERTY(t.object_id, 'TableHasPrimaryKey') = 1 AND s.name IN (${schema_texts});

--: rds
-- The capture job keeps the log with DMS before 3.5.3: @pollinginterval = 86399 with sys.sp_cdc_change_job, and on
-- Multi-AZ EXEC rdsadmin..rds_set_configuration 'cdc_capture_pollinginterval', 86399. With 3.5.3 and later leave it at
-- 5 seconds.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html#CHAP_Source.SQLServer.Configuration
