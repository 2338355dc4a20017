--: script
-- Takes back what `fleet prerequisites --deltas` gave, once `deltas: false` is deployed, which deletes the task.

-- The mark. The right to it is a row of its own, which stays when the table goes: so it is taken back, and given first,
-- since one that is not there cannot be, nor one of a table that is not there.
-- https://dev.mysql.com/doc/refman/8.4/en/drop-table.html
CREATE TABLE IF NOT EXISTS ${mark} (id integer PRIMARY KEY, attempt bigint) ENGINE = InnoDB;
GRANT SELECT, UPDATE ON ${mark} TO ${login};
REVOKE SELECT, UPDATE ON ${mark} FROM ${login};
DROP TABLE ${mark};

--: server
-- What the login may do in the whole server.
-- https://dev.mysql.com/doc/refman/8.4/en/revoke.html
-- https://mariadb.com/kb/en/revoke/
REVOKE REPLICATION CLIENT, REPLICATION SLAVE, PROCESS ON *.* FROM ${login};

--: server self-managed
-- The settings of the log may be as they were before, if nobody else reads it (replicas, backups).
-- https://dev.mysql.com/doc/refman/8.4/en/replication-options-binary-log.html

--: server rds aurora
-- How long the log is kept may be as it was before (CALL mysql.rds_show_configuration), if nobody else reads it: with
-- NULL it is deleted as soon as it can be.
-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/mysql-stored-proc-configuring.html
