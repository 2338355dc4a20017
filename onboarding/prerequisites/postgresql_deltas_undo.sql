-- Takes back what `fleet prerequisites DATABASE --deltas` gave, once `deltas: false` is deployed, which deletes the task.

-- 1. The slot, first. A slot that nobody reads keeps the log until the disk is full. DMS deletes its own with the task; one
--    that is still here, at rest, and nobody else's, is to be dropped: SELECT pg_drop_replication_slot('its name');
--    https://www.postgresql.org/docs/current/view-pg-replication-slots.html
SELECT slot_name, plugin, active, restart_lsn FROM pg_replication_slots WHERE database = current_database();

-- 2. The mark.
DROP TABLE IF EXISTS ${mark};

-- 3. Rights of the login in the whole server: only if none of its databases does deltas any more.
--    ALTER ROLE ${login} RESET idle_in_transaction_session_timeout;
--    REVOKE pg_read_all_stats FROM ${login};
--    On Amazon RDS and Aurora REVOKE rds_replication FROM ${login}; elsewhere ALTER ROLE ${login} NOREPLICATION;
