-- For deltas, after what `fleet prerequisites DATABASE` prints. None of this was ever run by us on a SQL Server.
-- Source: AWS DMS user guide, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.html and
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.SQLServer.CDC.html (documented; docs/facts/dms.md 7).

-- 1. The database's log. Recovery model FULL (or BULK_LOGGED), a full backup after the change, then log backups that DMS can
--    read: native, on disk, not striped over several files, not encrypted, not at a URL. DMS reads the log itself, with
--    MS-CDC too: how long change tables are kept says nothing. Log backups stay until a delta has read past them: longer
--    than the longest pause between two deltas that is to be borne.
--    On Amazon RDS: backup retention of one day or more sets FULL and backs the log up; DMS 3.5.3 and later reads those.
--    Accelerated database recovery (2019 and later) and delayed durability (2014 and later) are off.
USE ${database};
SELECT name, recovery_model_desc, log_reuse_wait_desc, is_published, is_cdc_enabled FROM sys.databases WHERE name = DB_NAME();
--    ALTER DATABASE CURRENT SET RECOVERY FULL;  (2012 and later; never on RDS)

-- 2. The mark: one row, which the fleet updates when a delta starts, so that it knows how far the delta reads. It is the
--    only thing that the fleet ever writes to a source.
IF OBJECT_ID(N${mark_text}) IS NULL CREATE TABLE ${mark} ([id] int NOT NULL PRIMARY KEY, [attempt] bigint NULL);
IF NOT EXISTS (SELECT 1 FROM ${mark}) INSERT INTO ${mark} VALUES (1, 0);
GRANT SELECT, UPDATE ON ${mark} TO ${login};

-- 3. Rights in the database. DMS asks for db_owner to read the log.
ALTER ROLE [db_owner] ADD MEMBER ${login};

-- 4. Every table that takes deltas, and the mark, is published (MS-Replication) or enabled for MS-CDC: what is neither has
--    no updates in the log. `fleet check DATABASE` names those; they are loaded in full.
-- 4a. MS-CDC, which Amazon RDS takes for every table. SQL Server 2012 and 2014 have it in the Enterprise and Developer
--     editions only, Standard has it since 2016 SP1: there, publish (4b).
--     https://learn.microsoft.com/en-us/sql/relational-databases/track-changes/about-change-data-capture-sql-server
--     On a server of one's own, as sysadmin:
--     EXEC sys.sp_cdc_enable_db;
--     On Amazon RDS instead, as its master user:
--     EXEC msdb.dbo.rds_cdc_enable_db ${database_text};
--     Then run what this answers, a statement for each table with a primary key that is not covered yet:
SELECT 'EXEC sys.sp_cdc_enable_table @source_schema = N' + QUOTENAME(s.name, '''') + ', @source_name = N' + QUOTENAME(t.name, '''') + ', @role_name = NULL, @supports_net_changes = 1;' FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE t.is_ms_shipped = 0 AND t.is_tracked_by_cdc = 0 AND t.is_replicated = 0 AND OBJECTPROPERTY(t.object_id, 'TableHasPrimaryKey') = 1 AND s.name IN (${schema_texts});
--     On RDS with DMS before 3.5.3 the capture job keeps the log: @pollinginterval = 86399 with sys.sp_cdc_change_job, and on
--     Multi-AZ EXEC rdsadmin..rds_set_configuration 'cdc_capture_pollinginterval', 86399; with 3.5.3 leave it at 5 seconds.
--     After a failover of an availability group the capture and cleanup jobs must be made again at the new primary.
-- 4b. MS-Replication, on a server of one's own, for tables with a primary key: a distributor (EXEC sp_get_distributor says
--     whether there is one), then a transactional publication that holds them, named AR_PUBLICATION_ and the database's id
--     in five digits. DMS makes it by itself where its login is sysadmin.
--     EXEC sp_replicationdboption @dbname = ${database_text}, @optname = N'publish', @value = N'true';

-- 5. Rights outside of the database.
-- 5a. On a server of one's own: what follows, and the procedures of AWS's page, "Setting up ongoing replication on a
--     standalone SQL Server: Without sysadmin role" (schema awsdms in master, signed by certificates), or sysadmin.
USE [msdb];
CREATE USER ${login} FOR LOGIN ${login};
GRANT SELECT ON dbo.backupset TO ${login};
GRANT SELECT ON dbo.backupmediafamily TO ${login};
GRANT SELECT ON dbo.backupfile TO ${login};
USE [master];
CREATE USER ${login} FOR LOGIN ${login};
GRANT SELECT ON sys.fn_dblog TO ${login};
GRANT VIEW ANY DEFINITION TO ${login};
-- 5b. On Amazon RDS with DMS 3.5.3 and later instead, in msdb:
--     GRANT EXEC ON dbo.rds_dms_tlog_download TO ${login};
--     GRANT EXEC ON dbo.rds_dms_tlog_read TO ${login};
--     GRANT EXEC ON dbo.rds_dms_tlog_list_current_lsn TO ${login};
--     GRANT EXEC ON dbo.rds_task_status TO ${login};
-- 5c. On Azure SQL Managed Instance: MS-CDC (4a) and the three grants in msdb. Azure SQL Database takes no deltas.
