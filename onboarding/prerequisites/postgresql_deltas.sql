--: script
-- For deltas, after what `fleet prerequisites` prints without --deltas. The login exists already. \connect is psql's
-- own: with another client, connect to that database by hand.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html

--: server self-managed
-- In postgresql.conf, which takes a restart: wal_level = logical; max_replication_slots and max_wal_senders: one for
-- each database with deltas, besides those in use. In pg_hba.conf: a line for the replication instance, for each
-- database and for `replication`. The plugin test_decoding (of postgresql-contrib) or pglogical is installed.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html

--: server rds
-- In the DB parameter group, which takes a reboot: rds.logical_replication = 1, which sets wal_level;
-- max_replication_slots and max_wal_senders: one for each database with deltas, besides those in use.
-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.FeatureSupport.LogicalReplication.html

--: server aurora
-- In the DB cluster parameter group, which takes a reboot of the writer: rds.logical_replication = 1, which sets
-- wal_level; max_replication_slots and max_wal_senders: one for each database with deltas, besides those in use. The
-- secret names the cluster's writer endpoint: a reader has no slots for DMS. Serverless v1 takes full loads alone.
-- https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/AuroraPostgreSQL.Replication.Logical.Configure.html
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html

--: server
-- wal_sender_timeout: 0, or 10 s to 5 min. DMS fails with less, and more delays its failover. max_slot_wal_keep_size
-- (13 and later): -1 keeps the log of a task at rest until the disk is full; a size gives the place in the log up, and
-- all tables are then loaded in full. Choose what is written in the longest pause to be borne. This shows what is set
-- now, and changes nothing.
-- https://www.postgresql.org/docs/current/runtime-config-replication.html
SELECT name, setting, unit FROM pg_settings WHERE name IN ('wal_level', 'rds.logical_replication', 'max_replication_slots', 'max_wal_senders', 'wal_sender_timeout', 'max_slot_wal_keep_size');

--: server self-managed
-- The login makes and reads a logical slot. AWS asks for a superuser where DMS is to notice changes of tables by
-- itself: it then makes a table and an event trigger. The fleet finds such changes in the catalogue.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html
-- https://www.postgresql.org/docs/current/logicaldecoding-explanation.html
ALTER ROLE ${login} REPLICATION;

--: server rds aurora
-- The login makes and reads a logical slot: a role of Amazon's lets it. AWS asks for rds_superuser besides, where DMS
-- is to notice changes of tables by itself: it then makes a table and an event trigger. The fleet finds such changes in
-- the catalogue.
-- https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.FeatureSupport.LogicalReplication.html
GRANT rds_replication TO ${login};

--: server
-- The login sees other sessions, so that the fleet knows which transactions are open when the deltas begin (10 and
-- later).
-- https://www.postgresql.org/docs/current/predefined-roles.html
GRANT pg_read_all_stats TO ${login};

--: server
-- DMS lets transactions rest: without this the server ends them.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html
ALTER ROLE ${login} SET idle_in_transaction_session_timeout = 0;

-- Slots and publications: none is to be made. DMS makes its slot when the task starts for the first time, and drops it
-- with the task; it reads with test_decoding or pglogical, which have no publications. Updates and deletes carry the
-- old key in the log: REPLICA IDENTITY DEFAULT does, with a primary key that is not deferrable. `fleet check DATABASE`
-- names the tables whose changes are not all in the log; they are loaded in full.
-- https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY

-- The mark: one row, which the fleet updates when a delta starts, so that it knows how far the delta reads. It is the
-- only thing that the fleet ever writes to a source.
-- https://www.postgresql.org/docs/current/sql-createtable.html
CREATE TABLE IF NOT EXISTS ${mark} (id integer PRIMARY KEY, attempt bigint);
INSERT INTO ${mark} SELECT 1, 0 WHERE NOT EXISTS (SELECT 1 FROM ${mark});
GRANT SELECT, UPDATE ON ${mark} TO ${login};
