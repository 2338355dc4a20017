-- Every table and view with a row a column. A type of the server's own has its own name, even where it is stored as
-- another (vector); an alias type counts as its base; a type of an assembly of one's own (240) is on no list of AWS's.
-- Inner columns of a graph's tables cannot be selected by anybody.
SELECT space.name, object.name, IIF(object.type = 'V', 1, 0),
       col.name,
       CASE WHEN kind.is_user_defined = 0 AND kind.name <> 'sysname' THEN kind.name
            WHEN col.system_type_id = 240 THEN 'clr'
            ELSE TYPE_NAME(col.system_type_id) END,
       col.max_length, col.precision, col.scale, col.is_nullable,
       (SELECT part.key_ordinal
        FROM sys.key_constraints AS pk
        JOIN sys.index_columns AS part ON part.object_id = pk.parent_object_id AND part.index_id = pk.unique_index_id
        WHERE pk.type = 'PK' AND pk.parent_object_id = object.object_id AND part.column_id = col.column_id)
FROM sys.objects AS object
JOIN sys.schemas AS space ON space.schema_id = object.schema_id
JOIN sys.columns AS col ON col.object_id = object.object_id
LEFT JOIN sys.types AS kind ON kind.user_type_id = col.user_type_id
WHERE object.type IN ('U', 'V', 'ET') AND object.is_ms_shipped = 0
  AND HAS_PERMS_BY_NAME(QUOTENAME(space.name) + '.' + QUOTENAME(object.name), 'OBJECT', 'SELECT') = 1
  AND NOT (/* is inner */)
ORDER BY space.name, object.name, col.column_id
