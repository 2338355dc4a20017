-- For a full load: the user reads the tables and views. The login exists already, for any host.
-- Source: AWS DMS user guide, "Using a MySQL-compatible database as a source for AWS DMS", "Prerequisites": SELECT on the
-- source tables; REPLICATION CLIENT and REPLICATION SLAVE are for change capture only (documented).
GRANT SELECT ON ${database}.* TO ${login};
