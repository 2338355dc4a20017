-- One case of every value that has ever come out of a copy wrong. Left out on purpose, because no Parquet type takes
-- them: infinite dates, years before Christ, NaN as numeric. Left out because this server cannot: xml (no libxml).

CREATE SCHEMA "Depot";

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', 'très content');

CREATE TABLE numbers (
    id integer PRIMARY KEY,
    small smallint, plain integer, big bigint,
    exact numeric(38, 10), short numeric(10, 2), whole numeric(20, 0), loose numeric, wide numeric(50, 5),
    price money,
    single real, double double precision
);
INSERT INTO numbers VALUES
    (1, -32768, -2147483648, -9223372036854775808, -9999999999999999999999999999.9999999999, -99999999.99,
     -99999999999999999999, -1234567890123456789012.123456, -999999999999999999999999999999999999999999999.99999,
     '-$92,233,720,368,547,758.08', '-infinity', '-infinity'),
    (2, 32767, 2147483647, 9223372036854775807, 9999999999999999999999999999.9999999999, 99999999.99,
     99999999999999999999, 1234567890123456789012.123456, 999999999999999999999999999999999999999999999.99999,
     '$92,233,720,368,547,758.07', 'infinity', 'infinity'),
    (3, 0, 0, 0, 0, 0.00, 0, 0, 0, '$0.00', '-0', '-0'),
    (4, 1, 1, 9007199254740993, 0.0000000001, 0.01, 1, 0.000001, 0.00001, '$0.01', 1e-45, 5e-324),
    (5, -1, -1, -9007199254740993, -0.0000000001, -0.01, -1, 1.10, 1.5, '-$0.01', 3.4028235e38,
     1.7976931348623157e308),
    (6, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'NaN', 'NaN'),
    (7, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (8, 7, 7, 7, 0.1, 0.10, 7, 0.1, 0.1, '$0.10', 0.1, 0.1);

CREATE TABLE moments (
    id integer PRIMARY KEY,
    day date, at timestamp, at_millis timestamp(3), at_zone timestamptz,
    clock time, clock_zone timetz, span interval
);
INSERT INTO moments VALUES
    (1, '0001-01-01', '0001-01-01 00:00:00', '0001-01-01 00:00:00', '0001-01-01 00:00:00+00', '00:00:00',
     '00:00:00+14', '-178000 years'),
    (2, '9999-12-31', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999', '9999-12-31 23:59:59.999999+00',
     '23:59:59.999999', '23:59:59.999999-12', '178000 years'),
    (3, '1970-01-01', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999', '1969-12-31 23:59:59.999999+00',
     '12:00:00', '12:00:00+00', '0'),
    (4, '2024-02-29', '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789', '2024-03-31 02:30:00+01', '12:34:56.789',
     '12:34:56.789+05:45', '1 year 2 mons 3 days 04:05:06.789'),
    (5, '1582-10-15', '1582-10-04 00:00:00', '1582-10-15 00:00:00', '2024-10-27 02:30:00+02', '00:00:00.000001',
     '00:00:00.000001-03:30', '-1 mons +1 day -00:00:00.000001'),
    (6, NULL, NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE texts (id integer PRIMARY KEY, what text NOT NULL, fixed char(6), short varchar(20), loose varchar, body text);
INSERT INTO texts VALUES
    (1, 'null', NULL, NULL, NULL, NULL),
    (2, 'empty, which is not null', '', '', '', ''),
    (3, 'blanks', ' ', '  ', '   ', '    '),
    (4, 'accents', 'éèüñß', 'Zoë Ångström', 'naïve façade', 'Příliš žluťoučký kůň'),
    (5, 'emoji', '🎉', '👩‍👩‍👧‍👦', '🏳️‍🌈🇪🇺', '😀 is one character and four bytes'),
    (6, 'Chinese, Japanese, Korean', '数据', '日本語テキスト', '한국어', '𠜎𠜱 beyond the first plane'),
    (7, 'right to left', 'עברית', 'العربية', 'שלום ‏world', 'مرحبا ١٢٣ abc'),
    (8, 'combining', 'é', 'é ≠ é', 'Z͑ͫ̓ͪa', 'ﬁ ligature'),
    (9, 'what a CSV trips over', '","', 'a,"b",c', E'line\nfeed\r\nreturn\ttab', E'\\N \\. \\ \x01'),
    (10, 'words that look like null', 'NULL', 'null', 'NA', '\N'),
    (11, 'words that look like numbers', '007', '1e3', '-0', '0x1F'),
    (12, 'full', 'abcdef', '12345678901234567890', 'ÄÖÜ', 'ends with a blank ');

CREATE TABLE identities (
    id uuid PRIMARY KEY, is_known boolean, address inet, network cidr, machine macaddr, flags bit(8), loose_flags varbit(16)
);
INSERT INTO identities VALUES
    ('00000000-0000-0000-0000-000000000000', false, '127.0.0.1', '10.0.0.0/8', '08:00:2b:01:02:03', B'00000000', B''),
    ('ffffffff-ffff-ffff-ffff-ffffffffffff', true, '2001:db8::1/64', '2001:db8::/32', 'ff:ff:ff:ff:ff:ff', B'11111111',
     B'1111111111111111'),
    ('6f1c2b3a-4d5e-4f60-8172-93a4b5c6d7e8', NULL, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE documents (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, raw json, parsed jsonb, words tsvector);
INSERT INTO documents (raw, parsed, words) VALUES
    ('{"b": 1,  "a": [1, 2.50, null], "b": 2}', '{"b": 1,  "a": [1, 2.50, null], "b": 2}', to_tsvector('simple', 'a b a')),
    ('"text"', 'null', ''),
    ('{"naïve": "😀", "nested": {"deep": {"deeper": []}}}', '{"big": 123456789012345678901234567890}', NULL),
    (NULL, NULL, NULL);

CREATE TABLE lists (
    id integer, part char(1), integers integer[], texts text[], table_of_numbers integer[][], PRIMARY KEY (id, part)
);
INSERT INTO lists VALUES
    (1, 'a', '{1,2,3}', '{"one","two, three",NULL,"","\"quoted\""}', '{{1,2},{3,4}}'),
    (1, 'b', '{}', '{}', '{}'),
    (2, 'a', '{NULL}', '{"数据","é"}', NULL),
    (2, 'b', NULL, NULL, NULL);

CREATE TABLE shapes (id integer PRIMARY KEY, spot point, frame box, outline polygon, ring circle, years int4range, prices numrange);
INSERT INTO shapes VALUES
    (1, '(1.5,-2)', '((0,0),(1,1))', '((0,0),(1,0),(1,1))', '<(0,0),2>', '[1990,2000)', '(,10.5]'),
    (2, NULL, NULL, NULL, NULL, 'empty', NULL);

CREATE TABLE moods (person text PRIMARY KEY, mood mood, second_mood mood);
INSERT INTO moods VALUES ('Ada', 'happy', NULL), ('Bo', 'très content', 'sad'), ('Cy', NULL, NULL);

CREATE TABLE bytes (id integer PRIMARY KEY, content bytea);
INSERT INTO bytes VALUES (1, NULL), (2, ''), (3, '\x00'), (4, '\x00ff0a0d5c27'), (5, 'plain'), (6, '\xeda080');

-- Larger than DMS's limited LOB mode takes by default (32 KB): what is cut must be seen to be cut.
CREATE TABLE large_objects (id integer PRIMARY KEY, title text NOT NULL, body text, image bytea);
INSERT INTO large_objects VALUES
    (1, 'nothing', NULL, NULL),
    (2, 'empty', '', ''),
    (3, 'small', 'a label', '\x89504e47'),
    (4, 'large', (SELECT string_agg(md5(n::text), '' ORDER BY n) FROM generate_series(1, 3200) n),
     (SELECT decode(string_agg(md5(n::text), '' ORDER BY n), 'hex') FROM generate_series(1, 2560) n)),
    (5, 'large, three bytes a character', repeat('漢字仮名', 8534), NULL);

CREATE TABLE "Depot".derived (
    id integer PRIMARY KEY, width numeric(6, 2), height numeric(6, 2),
    area numeric(12, 4) GENERATED ALWAYS AS (width * height) STORED, noted_at timestamptz DEFAULT '2024-01-01 00:00:00+00'
);
INSERT INTO "Depot".derived (id, width, height) SELECT n, n * 1.25, n * 0.5 FROM generate_series(1, 40) n;

-- No key, and rows that are equal to the last byte.
CREATE TABLE "Depot".visitors (day date, age smallint, paid numeric(6, 2));
INSERT INTO "Depot".visitors SELECT '2024-05-01', 30, 12.50 FROM generate_series(1, 60);

CREATE TABLE "Depot".acquisitions (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, title text, mood mood, tags text[], papers jsonb, scan bytea,
    bought_at timestamptz, price numeric(38, 10)
);

CREATE VIEW labels AS
    SELECT n.id, t.what, t.body, n.exact, m.at_zone FROM numbers n JOIN texts t USING (id) LEFT JOIN moments m USING (id);
CREATE VIEW "Depot".empty_shelves AS SELECT id, title FROM "Depot".acquisitions WHERE price IS NULL;
