-- What the catalogue (postgresql_catalogue.sql) says of columns, for types and modifiers that a log names: %(types)s and
-- %(modifiers)s, in order. A row is type, length, precision, scale, and the type as a cast writes it.
WITH RECURSIVE named AS (
    SELECT * FROM unnest(%(types)s::oid[], %(modifiers)s::integer[]) WITH ORDINALITY AS named (type, modifier, place)
),
domain (place, base, modifier) AS (
    SELECT named.place, named.type, named.modifier FROM named
    UNION ALL
    SELECT domain.place, kind.typbasetype, CASE domain.modifier WHEN -1 THEN kind.typtypmod ELSE domain.modifier END
    FROM domain
    JOIN pg_type AS kind ON kind.oid = domain.base AND kind.typtype = 'd'
)
SELECT CASE
           WHEN EXISTS (SELECT FROM pg_type AS item WHERE item.oid = kind.typelem AND item.typarray = kind.oid) THEN 'array'
           WHEN kind.typtype = 'e' THEN 'enum'
           WHEN kind.typtype = 'c' THEN 'composite'
           WHEN kind.typnamespace = 'pg_catalog'::regnamespace THEN format_type(kind.oid, NULL)
           ELSE kind.typname
       END,
       CASE
           WHEN domain.modifier < 0 THEN NULL
           WHEN kind.typname IN ('varchar', 'bpchar') THEN domain.modifier - 4
           WHEN kind.typname IN ('bit', 'varbit') THEN domain.modifier
       END,
       CASE WHEN kind.typname = 'numeric' AND domain.modifier >= 0 THEN ((domain.modifier - 4) >> 16) & 65535 END,
       CASE
           WHEN kind.typname = 'numeric' AND domain.modifier >= 0 THEN (((domain.modifier - 4) & 2047) # 1024) - 1024
       END,
       format_type(kind.oid, domain.modifier)
FROM domain
JOIN pg_type AS kind ON kind.oid = domain.base AND kind.typtype <> 'd'
ORDER BY domain.place
