--: script
-- Takes back what `fleet prerequisites` gave for a full load, once the database is offboarded. The login stays.

-- The name is as it was granted. A right that is not there cannot be taken back, which would be an error the second
-- time: so it is given first.
-- https://dev.mysql.com/doc/refman/8.4/en/revoke.html
-- https://mariadb.com/kb/en/revoke/
GRANT SELECT ON ${database}.* TO ${login};
REVOKE SELECT ON ${database}.* FROM ${login};
