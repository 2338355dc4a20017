--: script
-- Takes back what `fleet prerequisites --deltas` gave, once `deltas: false` is deployed, which deletes the task.
-- \connect is psql's own: with another client, connect to that database by hand.

-- The slot, first: one that nobody reads keeps the log until the disk is full. DMS drops its own with the task. One
-- that is still here, at rest, and nobody else's, is to be dropped: SELECT pg_drop_replication_slot('its name');
-- https://www.postgresql.org/docs/current/view-pg-replication-slots.html
SELECT slot_name, plugin, active, restart_lsn FROM pg_replication_slots WHERE database = current_database();

-- The mark.
-- https://www.postgresql.org/docs/current/sql-droptable.html
DROP TABLE IF EXISTS ${mark};

--: server
-- What the login may do in the whole server.
-- https://www.postgresql.org/docs/current/sql-alterrole.html
ALTER ROLE ${login} RESET idle_in_transaction_session_timeout;
REVOKE pg_read_all_stats FROM ${login};

--: server self-managed
-- The login makes no slot any more.
-- https://www.postgresql.org/docs/current/sql-alterrole.html
ALTER ROLE ${login} NOREPLICATION;

--: server rds aurora
-- The login makes no slot any more. The parameter group may be as it was before, if nobody else reads the log.
-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.FeatureSupport.LogicalReplication.html
REVOKE rds_replication FROM ${login};
