-- Every table and view with a row a column; an alias type as its base, a type of the CLR by its own name.
SELECT space.name, object.name, IIF(object.type = 'V', 1, 0),
       col.name, COALESCE(base.name, kind.name), col.max_length, col.precision, col.scale, col.is_nullable,
       (SELECT part.key_ordinal
        FROM sys.key_constraints AS pk
        JOIN sys.index_columns AS part ON part.object_id = pk.parent_object_id AND part.index_id = pk.unique_index_id
        WHERE pk.type = 'PK' AND pk.parent_object_id = object.object_id AND part.column_id = col.column_id)
FROM sys.objects AS object
JOIN sys.schemas AS space ON space.schema_id = object.schema_id
JOIN sys.columns AS col ON col.object_id = object.object_id
JOIN sys.types AS kind ON kind.user_type_id = col.user_type_id
LEFT JOIN sys.types AS base ON base.user_type_id = kind.system_type_id
WHERE object.type IN ('U', 'V') AND object.is_ms_shipped = 0
  AND HAS_PERMS_BY_NAME(QUOTENAME(space.name) + '.' + QUOTENAME(object.name), 'OBJECT', 'SELECT') = 1
ORDER BY space.name, object.name, col.column_id
