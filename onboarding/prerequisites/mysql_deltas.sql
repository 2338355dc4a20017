--: script
-- For deltas, after what `fleet prerequisites` prints without --deltas. The login exists already, for any host.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html

--: server self-managed
-- In my.cnf, which takes a restart: server_id of 1 or more; log_bin on; binlog_format = ROW; binlog_row_image = FULL;
-- log_slave_updates = ON where a replica is the source. binlog_expire_logs_seconds (MySQL 8, MariaDB 10.6) or
-- expire_logs_days: longer than the longest pause between two deltas that is to be borne. What is deleted before it was
-- read takes full loads of all tables.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html
-- https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html
-- https://mariadb.com/kb/en/replication-and-binary-log-system-variables/

--: server rds
-- In the DB parameter group: binlog_format = ROW, binlog_row_image = FULL. Automated backups are on, which turns the
-- log on; at a read replica too, where that is the source.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html

--: server aurora
-- In the DB cluster parameter group, which takes a reboot of the writer: binlog_format = ROW, which turns the log on,
-- and binlog_row_image = FULL. DMS reads no enhanced binlog: aurora_enhanced_binlog = 0. The secret names the writer
-- endpoint.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html

--: server
-- Besides: binlog_row_value_options is empty (MySQL 8), or updates of JSON are written in part.
-- binlog_transaction_compression (MySQL 8) and log_bin_compress (MariaDB) are OFF: no page says that DMS reads such a
-- log. binlog_checksum = NONE where DMS is of version 3.4.7 or before. This shows what is set now, and changes nothing.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html
SHOW GLOBAL VARIABLES WHERE Variable_name IN ('server_id', 'log_bin', 'binlog_format', 'binlog_row_image', 'binlog_row_value_options', 'binlog_transaction_compression', 'log_bin_compress', 'binlog_checksum', 'log_slave_updates', 'log_replica_updates', 'binlog_expire_logs_seconds', 'expire_logs_days');

--: server rds
-- Amazon RDS deletes the log as soon as it can, until this keeps it: here 72 hours, at most 168. Longer than the
-- longest pause between two deltas that is to be borne; what is deleted before it was read takes full loads of all
-- tables.
-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/mysql-stored-proc-configuring.html
CALL mysql.rds_set_configuration('binlog retention hours', 72);

--: server aurora
-- Aurora deletes the log as soon as it can, until this keeps it: here 72 hours, at most 2,160. Longer than the longest
-- pause between two deltas that is to be borne; what is deleted before it was read takes full loads of all tables.
-- https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/mysql-stored-proc-configuring.html
CALL mysql.rds_set_configuration('binlog retention hours', 72);

--: server
-- REPLICATION CLIENT and REPLICATION SLAVE: to read the log. PROCESS: to see which transactions are open when the
-- deltas begin, and when a table was emptied; without it the fleet begins none.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html
-- https://dev.mysql.com/doc/refman/8.4/en/information-schema-innodb-trx-table.html
-- https://mariadb.com/kb/en/information-schema-innodb_trx-table/
GRANT REPLICATION CLIENT, REPLICATION SLAVE, PROCESS ON *.* TO ${login};

-- Rows that a foreign key changes (ON DELETE or ON UPDATE with CASCADE or SET NULL) are not in the log. `fleet check
-- DATABASE` names the tables whose changes are not all in the log; they are loaded in full.
-- https://dev.mysql.com/doc/refman/8.4/en/innodb-and-mysql-replication.html

-- The mark: one row, which the fleet updates when a delta starts, so that it knows how far the delta reads. It is the
-- only thing that the fleet ever writes to a source.
-- https://dev.mysql.com/doc/refman/8.4/en/create-table.html
CREATE TABLE IF NOT EXISTS ${mark} (id integer PRIMARY KEY, attempt bigint) ENGINE = InnoDB;
INSERT IGNORE INTO ${mark} VALUES (1, 0);
GRANT SELECT, UPDATE ON ${mark} TO ${login};
