--: script
-- For a full load. The login exists already, for any host.

-- A full load reads the tables. In the name of a database `_` and `%` are wildcards here, which `\` takes away: without
-- it, a grant on shop_a holds for shopxa too. Where MySQL runs with partial_revokes=ON they are none: remove each `\`
-- there.
-- https://docs.aws.amazon.com/dms/latest/userguide/CHAP_Source.MySQL.html
-- https://dev.mysql.com/doc/refman/8.4/en/grant.html
-- https://mariadb.com/kb/en/grant/
GRANT SELECT ON ${database}.* TO ${login};
