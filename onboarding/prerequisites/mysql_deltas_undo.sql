-- Takes back what `fleet prerequisites DATABASE --deltas` gave, once `deltas: false` is deployed, which deletes the task.

-- 1. The mark: the right to it is a row of its own, which stays when the table goes.
--    https://dev.mysql.com/doc/refman/8.4/en/drop-table.html
REVOKE SELECT, UPDATE ON ${mark} FROM ${login};
DROP TABLE IF EXISTS ${mark};

-- 2. Rights of the login in the whole server: only if none of its databases does deltas any more.
--    REVOKE REPLICATION CLIENT, REPLICATION SLAVE, PROCESS ON *.* FROM ${login};

-- 3. Settings of the log may be as they were before, if nobody else reads it (replicas, backups).
