-- Takes back what `fleet prerequisites DATABASE` gave, once the database is offboarded. The login stays.
-- Source: MySQL's manual, "REVOKE Statement"; https://mariadb.com/kb/en/revoke/ (documented). The name is as it was granted.
REVOKE SELECT ON ${database}.* FROM ${login};
