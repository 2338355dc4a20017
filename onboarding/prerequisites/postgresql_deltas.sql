-- For deltas, after what `fleet prerequisites DATABASE` prints. The login exists already.
-- Source: AWS DMS user guide, https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.PostgreSQL.html, "Enabling CDC
-- using a self-managed PostgreSQL database" and "Enabling CDC with an AWS-managed PostgreSQL DB instance" (documented).

-- 1. Settings of the server; the first three are read at its start only.
--    wal_level = logical. On Amazon RDS and Aurora: rds.logical_replication = 1 in the parameter group, then a reboot.
--    max_replication_slots, max_wal_senders: one for each database with deltas, besides those in use.
--    wal_sender_timeout: 0, or 10 s to 5 min. DMS fails with less, and more delays its failover.
--    idle_in_transaction_session_timeout = 0 for the login: DMS lets transactions rest.
--    max_slot_wal_keep_size (13 and later): -1 keeps the log of a task at rest until the disk is full; a size gives the
--    place in the log up, and all tables are then loaded in full. Choose what is written in the longest pause to be borne.
--    https://www.postgresql.org/docs/current/runtime-config-replication.html
SELECT name, setting, unit FROM pg_settings WHERE name IN ('wal_level', 'rds.logical_replication', 'max_replication_slots', 'max_wal_senders', 'wal_sender_timeout', 'idle_in_transaction_session_timeout', 'max_slot_wal_keep_size');

-- 2. Rights. The login makes and reads a logical slot; on Amazon RDS and Aurora a role of theirs lets it. It sees other
--    sessions, so that it knows which transactions are open when the deltas begin (version 10 and later).
--    AWS asks for a superuser on a server of one's own, and for rds_superuser on RDS, where DMS is to notice changes of
--    tables by itself: it then makes a table and an event trigger. Source: the same page, "Migrating an Amazon RDS for
--    PostgreSQL database without using the master user account". The fleet finds such changes in the catalogue.
--    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/PostgreSQL.Concepts.General.FeatureSupport.LogicalReplication.html
DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'rds_replication') THEN GRANT rds_replication TO ${login}; ELSE ALTER ROLE ${login} REPLICATION; END IF; END $$;
GRANT pg_read_all_stats TO ${login};
ALTER ROLE ${login} SET idle_in_transaction_session_timeout = 0;
--    pg_hba.conf of a server of one's own: a line for the replication instance, for the database and for `replication`.
--    The plugin test_decoding or pglogical is installed there.

-- 3. Tables. Updates and deletes carry the old key in the log: REPLICA IDENTITY DEFAULT does, with a primary key that is
--    not deferrable. `fleet check DATABASE` names the tables whose changes are not all in the log; they are loaded in full.
--    https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY

-- 4. The mark: one row, which the fleet updates when a delta starts, so that it knows how far the delta reads. It is the
--    only thing that the fleet ever writes to a source.
CREATE TABLE IF NOT EXISTS ${mark} (id integer PRIMARY KEY, attempt bigint);
INSERT INTO ${mark} SELECT 1, 0 WHERE NOT EXISTS (SELECT FROM ${mark});
GRANT SELECT, UPDATE ON ${mark} TO ${login};
