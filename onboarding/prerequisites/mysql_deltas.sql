-- For deltas, after what `fleet prerequisites DATABASE` prints. The login exists already, for any host.
-- Source: AWS DMS user guide, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html, "Using any
-- MySQL-compatible database", "Using a self-managed ..." and "Using an AWS-managed ..." (documented).

-- 1. Settings of the server, in my.cnf or in the parameter group of Amazon RDS.
--    server_id: 1 or more; log_bin: on, which takes a restart. On RDS: automated backups are on, at a read replica too.
--    binlog_format = ROW, binlog_row_image = FULL.
--    binlog_row_value_options: empty (MySQL 8), or updates of JSON are written in part.
--    binlog_transaction_compression (MySQL 8), log_bin_compress (MariaDB) = OFF: no page says that DMS reads such a log.
--    binlog_checksum = NONE where DMS is of version 3.4.7 or before.
--    log_slave_updates = ON where a read replica is the source.
--    binlog_expire_logs_seconds (MySQL 8, MariaDB 10.6) or expire_logs_days: longer than the longest pause between two
--    deltas that is to be borne. What is deleted before it was read takes full loads of all tables.
--    https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html
--    https://mariadb.com/kb/en/replication-and-binary-log-system-variables/
SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_id', 'log_bin', 'binlog_format', 'binlog_row_image', 'binlog_row_value_options', 'binlog_transaction_compression', 'log_bin_compress', 'binlog_checksum', 'log_slave_updates', 'log_replica_updates', 'binlog_expire_logs_seconds', 'expire_logs_days');
--    Amazon RDS deletes the log as soon as it can, whatever those say, until its own setting keeps it:
--    CALL mysql.rds_set_configuration('binlog retention hours', 72);
--    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/mysql-stored-proc-configuring.html

-- 2. Rights. REPLICATION CLIENT and REPLICATION SLAVE: to read the log. PROCESS: to see which transactions are open when the
--    deltas begin, and when a table was emptied; without it the fleet begins none.
--    https://dev.mysql.com/doc/refman/8.4/en/information-schema-innodb-trx-table.html
--    https://mariadb.com/kb/en/information-schema-innodb_trx-table/
GRANT REPLICATION CLIENT, REPLICATION SLAVE, PROCESS ON *.* TO ${login};

-- 3. Tables. Rows that a foreign key changes (ON DELETE or ON UPDATE with CASCADE or SET NULL) are not in the log. `fleet
--    check DATABASE` names the tables whose changes are not all in the log; they are loaded in full.
--    https://dev.mysql.com/doc/refman/8.4/en/innodb-and-mysql-replication.html

-- 4. The mark: one row, which the fleet updates when a delta starts, so that it knows how far the delta reads. It is the
--    only thing that the fleet ever writes to a source.
CREATE TABLE IF NOT EXISTS ${mark} (id integer PRIMARY KEY, attempt bigint) ENGINE = InnoDB;
INSERT IGNORE INTO ${mark} VALUES (1, 0);
GRANT SELECT, UPDATE ON ${mark} TO ${login};
