-- For a full load: the user reads the tables and views. The login exists already, for any host.
-- Source: AWS DMS user guide, "Using a MySQL-compatible database as a source for AWS DMS", "Prerequisites": SELECT on the
-- source tables; REPLICATION CLIENT and REPLICATION SLAVE are for change capture only (documented).
-- In the name of a database `_` and `%` are wildcards here, which `\` takes away: without it, a grant on shop_a holds for
-- shopxa too. Source: MySQL's manual, "GRANT Statement"; https://mariadb.com/kb/en/grant/ (documented). Where MySQL runs
-- with partial_revokes=ON they are none: remove each `\` there.
GRANT SELECT ON ${database}.* TO ${login};
