-- Takes back what `fleet prerequisites DATABASE --deltas` gave, once `deltas: false` is deployed, which deletes the task.
-- Never run by us on a SQL Server.

-- 1. The mark, and the right to read the log.
USE ${database};
IF OBJECT_ID(N${mark_text}) IS NOT NULL DROP TABLE ${mark};
ALTER ROLE [db_owner] DROP MEMBER ${login};

-- 2. What keeps the log: only if nobody else reads changes of this database. Run what this answers, or end MS-CDC as a whole
--    (EXEC sys.sp_cdc_disable_db; on Amazon RDS EXEC msdb.dbo.rds_cdc_disable_db ${database_text};).
--    https://learn.microsoft.com/en-us/sql/relational-databases/system-stored-procedures/sys-sp-cdc-disable-table-transact-sql
SELECT 'EXEC sys.sp_cdc_disable_table @source_schema = N' + QUOTENAME(s.name, '''') + ', @source_name = N' + QUOTENAME(t.name, '''') + ', @capture_instance = N''all'';' FROM sys.tables AS t JOIN sys.schemas AS s ON s.schema_id = t.schema_id WHERE t.is_tracked_by_cdc = 1 AND s.name IN (${schema_texts});
--    A publication that DMS made (AR_PUBLICATION_ and a number) stays too until it is dropped: sp_droppublication.

-- 3. Rights outside of the database: only if none of the login's databases does deltas any more.
--    USE [msdb]; DROP USER ${login};
--    USE [master]; REVOKE VIEW ANY DEFINITION FROM ${login}; DROP USER ${login};
