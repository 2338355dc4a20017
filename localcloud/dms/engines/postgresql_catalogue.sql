-- Every table and view of the database with its columns and primary key, in one answer. No materialised view: DMS does
-- not support them (AWS DMS user guide, "Limitations on using a PostgreSQL database as a DMS source").
-- A column is [name, type, length, precision, scale]. A domain is given as its base type, however many domains lie
-- between, with the modifier of the nearest that has one. A type of an extension goes by its own name, without the
-- schema that it was put into.
WITH RECURSIVE domain (id, base, modifier) AS (
    SELECT kind.oid, kind.typbasetype, kind.typtypmod FROM pg_type AS kind WHERE kind.typtype = 'd'
    UNION ALL
    SELECT domain.id, kind.typbasetype, CASE domain.modifier WHEN -1 THEN kind.typtypmod ELSE domain.modifier END
    FROM domain
    JOIN pg_type AS kind ON kind.oid = domain.base AND kind.typtype = 'd'
)
SELECT space.nspname,
       class.relname,
       class.relkind = 'v' AS is_view,
       columns.list,
       keys.list
FROM pg_class AS class
JOIN pg_namespace AS space ON space.oid = class.relnamespace
LEFT JOIN LATERAL (
    SELECT json_agg(
               json_build_array(
                   attribute.attname,
                   CASE
                       WHEN EXISTS (
                           SELECT FROM pg_type AS item WHERE item.oid = kind.typelem AND item.typarray = kind.oid
                       ) THEN 'array'
                       WHEN kind.typtype = 'e' THEN 'enum'
                       WHEN kind.typtype = 'c' THEN 'composite'
                       WHEN kind.typnamespace = 'pg_catalog'::regnamespace THEN format_type(kind.oid, NULL)
                       ELSE kind.typname
                   END,
                   CASE
                       WHEN modifier.value < 0 THEN NULL
                       WHEN kind.typname IN ('varchar', 'bpchar') THEN modifier.value - 4
                       WHEN kind.typname IN ('bit', 'varbit') THEN modifier.value
                   END,
                   CASE WHEN kind.typname = 'numeric' AND modifier.value >= 0 THEN ((modifier.value - 4) >> 16) & 65535 END,
                   CASE
                       WHEN kind.typname = 'numeric' AND modifier.value >= 0
                       THEN (((modifier.value - 4) & 2047) # 1024) - 1024
                   END
               )
               ORDER BY attribute.attnum
           ) AS list
    FROM pg_attribute AS attribute
    LEFT JOIN domain ON domain.id = attribute.atttypid
    JOIN pg_type AS kind ON kind.oid = coalesce(domain.base, attribute.atttypid) AND kind.typtype <> 'd'
    CROSS JOIN LATERAL (SELECT coalesce(domain.modifier, attribute.atttypmod) AS value) AS modifier
    WHERE attribute.attrelid = class.oid AND attribute.attnum > 0 AND NOT attribute.attisdropped
) AS columns ON true
LEFT JOIN LATERAL (
    SELECT array_agg(attribute.attname::text ORDER BY part.position) AS list
    FROM pg_index AS index
    CROSS JOIN LATERAL unnest(index.indkey) WITH ORDINALITY AS part (number, position)
    JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND attribute.attnum = part.number
    WHERE index.indrelid = class.oid AND index.indisprimary
) AS keys ON true
WHERE class.relkind IN ('r', 'p', 'f', 'v')
  AND space.nspname NOT IN ('pg_catalog', 'information_schema')
  AND space.nspname NOT LIKE 'pg\_temp\_%'
  AND space.nspname NOT LIKE 'pg\_toast%'
ORDER BY space.nspname, class.relname
