-- Publications that capture of changes reads, kept by the server itself. Run in template1, so that each database has it.
-- A table is published for updates and deletes only while it has a usable replica identity: an update of a published
-- table without one fails at the source. Every table is published for inserts, so that none is missed that is made later.

CREATE FUNCTION pg_catalog.dms_has_identity(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT CASE relreplident
        WHEN 'f' THEN true
        WHEN 'n' THEN false
        ELSE EXISTS (
            SELECT FROM pg_index
            WHERE indrelid = relation AND indisvalid AND indimmediate
              AND CASE relreplident WHEN 'i' THEN indisreplident ELSE indisprimary END
        )
    END
    FROM pg_class WHERE oid = relation
$$;

CREATE FUNCTION pg_catalog.dms_publish_table(relation oid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    is_wanted boolean := (
        SELECT relkind = 'r' AND relpersistence = 'p' AND pg_catalog.dms_has_identity(oid) FROM pg_class
        WHERE oid = relation
    );
    is_there boolean := EXISTS (
        SELECT FROM pg_publication_rel JOIN pg_publication ON pg_publication.oid = prpubid
        WHERE prrelid = relation AND pubname = 'dms_changes'
    );
BEGIN
    IF is_wanted AND NOT is_there THEN
        EXECUTE format('ALTER PUBLICATION dms_changes ADD TABLE ONLY %s', relation::regclass);
    ELSIF is_there AND NOT is_wanted THEN
        EXECUTE format('ALTER PUBLICATION dms_changes DROP TABLE ONLY %s', relation::regclass);
    END IF;
END
$$;
REVOKE ALL ON FUNCTION pg_catalog.dms_publish_table(oid) FROM PUBLIC;

CREATE FUNCTION pg_catalog.dms_publish(relations oid[]) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    -- Tasks of one database start at the same time.
    PERFORM pg_advisory_xact_lock(hashtext('dms_publish'));
    IF NOT EXISTS (SELECT FROM pg_publication WHERE pubname = 'dms_changes') THEN
        CREATE PUBLICATION dms_changes
            WITH (publish = 'insert, update, delete, truncate', publish_generated_columns = stored);
        CREATE PUBLICATION dms_inserts FOR ALL TABLES
            WITH (publish = 'insert, truncate', publish_generated_columns = stored);
    END IF;
    PERFORM pg_catalog.dms_publish_table(relation) FROM unnest(relations) AS relation;
END
$$;
REVOKE ALL ON FUNCTION pg_catalog.dms_publish(oid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.dms_publish(oid[]) TO dms_reader;

-- A slot is read from the last place where the server noted its open transactions, which it does every 15 seconds. A
-- reader that may let it do so need not read the same log again and again.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_log_standby_snapshot() TO dms_reader;

-- A table that is made or altered once there are publications is published at once. A partition that is detached is no
-- table that the command names, and is one from then on: so whatever is not published yet is looked at.
CREATE FUNCTION pg_catalog.dms_publish_made() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_publication WHERE pubname = 'dms_changes') THEN
        PERFORM pg_catalog.dms_publish_table(objid) FROM pg_event_trigger_ddl_commands() WHERE object_type = 'table';
        PERFORM pg_catalog.dms_publish_table(c.oid) FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema' AND NOT EXISTS (
            SELECT FROM pg_publication_rel JOIN pg_publication p ON p.oid = prpubid
            WHERE prrelid = c.oid AND pubname = 'dms_changes'
        ) AND tg_tag = 'ALTER TABLE';
    END IF;
END
$$;
CREATE EVENT TRIGGER dms_publish_made ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE', 'CREATE SCHEMA')
    EXECUTE FUNCTION pg_catalog.dms_publish_made();
