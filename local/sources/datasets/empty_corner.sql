-- Shapes at the edge: nothing, nearly nothing, and very wide.

CREATE SCHEMA attic;  -- a schema without a table
CREATE SCHEMA cellar;

CREATE TABLE nothing (id bigint PRIMARY KEY, what text);
CREATE TABLE nothing_without_key (what text, at timestamptz);
CREATE VIEW nothing_seen AS SELECT n.id, n.what, k.at FROM nothing n JOIN nothing_without_key k USING (what);

CREATE TABLE one_column (alone text PRIMARY KEY);
INSERT INTO one_column SELECT 'row ' || n FROM generate_series(1, 5) n;
CREATE TABLE one_row (id integer PRIMARY KEY, what text);
INSERT INTO one_row VALUES (1, '');
CREATE TABLE only_nulls (a integer, b text, c timestamptz, d bytea);
INSERT INTO only_nulls SELECT FROM generate_series(1, 9);

CREATE TABLE cellar.four_part_key (
    site text, room char(3), shelf smallint, stored_on date, content text, PRIMARY KEY (stored_on, site, shelf, room)
);
INSERT INTO cellar.four_part_key
    SELECT site, room, shelf, day::date, site || '/' || room || '/' || shelf
    FROM unnest(ARRAY['north', 'süd']) site, unnest(ARRAY['a1', 'b 2', '']) room, generate_series(1, 4) shelf,
         generate_series('2024-02-28'::timestamp, '2024-03-01', '1 day') day;

-- The key comes last, and is not what the rows were written in the order of.
CREATE TABLE cellar.key_last (what text, amount numeric(8, 2), number integer PRIMARY KEY);
INSERT INTO cellar.key_last SELECT 'n' || n, n / 3.0, 1000 - n FROM generate_series(1, 200) n;

CREATE VIEW cellar.counted AS SELECT site, count(*) AS things FROM cellar.four_part_key GROUP BY site;
