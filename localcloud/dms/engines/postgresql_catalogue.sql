-- Every table and view of the database with its columns and primary key, in one answer.
-- A column is [name, type, length, precision, scale]; a domain is given as its base type.
SELECT space.nspname,
       class.relname,
       class.relkind IN ('v', 'm') AS is_view,
       columns.list,
       keys.list
FROM pg_class AS class
JOIN pg_namespace AS space ON space.oid = class.relnamespace
LEFT JOIN LATERAL (
    SELECT json_agg(
               json_build_array(
                   attribute.attname,
                   CASE
                       WHEN kind.typcategory = 'A' THEN 'array'
                       WHEN kind.typtype = 'e' THEN 'enum'
                       WHEN kind.typtype = 'c' THEN 'composite'
                       ELSE format_type(kind.oid, NULL)
                   END,
                   CASE
                       WHEN modifier.value < 0 THEN NULL
                       WHEN kind.typname IN ('varchar', 'bpchar') THEN modifier.value - 4
                       WHEN kind.typname IN ('bit', 'varbit') THEN modifier.value
                   END,
                   CASE WHEN kind.typname = 'numeric' AND modifier.value >= 0 THEN (modifier.value - 4) >> 16 END,
                   CASE
                       WHEN kind.typname = 'numeric' AND modifier.value >= 0
                       THEN (((modifier.value - 4) & 2047) # 1024) - 1024
                   END
               )
               ORDER BY attribute.attnum
           ) AS list
    FROM pg_attribute AS attribute
    JOIN pg_type AS declared ON declared.oid = attribute.atttypid
    JOIN pg_type AS kind ON kind.oid = CASE WHEN declared.typtype = 'd' THEN declared.typbasetype ELSE declared.oid END
    CROSS JOIN LATERAL (
        SELECT CASE WHEN declared.typtype = 'd' THEN declared.typtypmod ELSE attribute.atttypmod END AS value
    ) AS modifier
    WHERE attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
) AS columns ON true
LEFT JOIN LATERAL (
    SELECT array_agg(attribute.attname::text ORDER BY part.position) AS list
    FROM pg_index AS index
    CROSS JOIN LATERAL unnest(index.indkey) WITH ORDINALITY AS part (number, position)
    JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum = part.number
    WHERE index.indrelid = class.oid AND index.indisprimary
) AS keys ON true
WHERE class.relkind IN ('r', 'p', 'f', 'v', 'm')
  AND space.nspname NOT IN ('pg_catalog', 'information_schema')
  AND space.nspname NOT LIKE 'pg\_temp\_%'
  AND space.nspname NOT LIKE 'pg\_toast%'
ORDER BY space.nspname, class.relname
