-- Names that break whatever forgets to quote, escape, encode or fold them. Left out: names that differ in case only
-- (DuckDB, which reads this source here, takes them for one) and a slash (what DMS makes of it in a key is not known).

ALTER TABLE vehicles RENAME TO "表";
ALTER TABLE "表" RENAME COLUMN "Name" TO "名前";
ALTER TABLE "表" RENAME COLUMN "Miles_per_Gallon" TO "miles/gallon";
ALTER TABLE "Größe".casualties RENAME TO "Zähler";
ALTER TABLE "Größe"."Zähler" RENAME COLUMN wounds TO "Verwundete (Schätzung)";

-- Reserved words, as tables and as columns.
CREATE TABLE "select" (
    "from" integer PRIMARY KEY, "where" text, "group" text, "order" numeric(5, 2), "table" boolean, "null" text,
    "current_date" date, "user" text
);
INSERT INTO "select" SELECT n, 'w' || n, NULL, n / 4.0, n % 2 = 0, 'null', '2024-01-01'::date + n, '' FROM generate_series(1, 25) n;
CREATE TABLE "Order" ("Group" text, "Key" integer, "Values" text, PRIMARY KEY ("Group", "Key"));
INSERT INTO "Order" SELECT g, k, g || k FROM unnest(ARRAY['é', 'ß', '数']) g, generate_series(1, 5) k;

-- `_` and `%` are wildcards in a selection rule and in LIKE: each pair has a name that the other one's pattern takes in.
CREATE TABLE a_b (id integer PRIMARY KEY, which text NOT NULL);
INSERT INTO a_b SELECT n, 'with underscore' FROM generate_series(1, 11) n;
CREATE TABLE axb (id integer PRIMARY KEY, which text NOT NULL);
INSERT INTO axb SELECT n, 'with x' FROM generate_series(1, 13) n;
CREATE TABLE "100%" (id integer PRIMARY KEY, which text NOT NULL);
INSERT INTO "100%" SELECT n, 'with per cent' FROM generate_series(1, 17) n;
CREATE TABLE "100 per cent" (id integer PRIMARY KEY, which text NOT NULL);
INSERT INTO "100 per cent" SELECT n, 'in words' FROM generate_series(1, 19) n;

CREATE SCHEMA "MAIN";
CREATE TABLE "MAIN"."CamelCase" ("Id" bigint PRIMARY KEY, "someValue" text, "SOME_OTHER" text);
INSERT INTO "MAIN"."CamelCase" SELECT n, 'v' || n, NULL FROM generate_series(1, 30) n;

CREATE SCHEMA "مخطط";
CREATE TABLE "مخطط"."جدول" ("معرّف" integer PRIMARY KEY, "اسم" text);
INSERT INTO "مخطط"."جدول" VALUES (1, 'زهرة'), (2, NULL), (3, '');

CREATE SCHEMA "with space";
CREATE TABLE "with space"."🎉 party" ("who?" text PRIMARY KEY, "how much" money, "at:" timestamptz);
INSERT INTO "with space"."🎉 party" VALUES ('Zoë 🎈', '$3.50', '2024-06-01 20:00:00+02'), ('李雷', NULL, NULL);
CREATE TABLE "with space"."dot.ted" ("a.b" integer PRIMARY KEY, "c d" text, "e""f" text, "g'h" text, "i;j" text, "k\l" text);
INSERT INTO "with space"."dot.ted" VALUES (1, 'c', 'e', 'g', 'i', 'k');
CREATE TABLE "with space"."it's ""quoted""; --" (id integer PRIMARY KEY);
INSERT INTO "with space"."it's ""quoted""; --" VALUES (1), (2);

-- 63 bytes, the longest that PostgreSQL takes: in letters of one byte, and of three.
CREATE TABLE "a_name_of_exactly_sixty_three_bytes_which_is_as_long_as_it_gets" (id integer PRIMARY KEY);
INSERT INTO "a_name_of_exactly_sixty_three_bytes_which_is_as_long_as_it_gets" VALUES (1);
CREATE TABLE "二十一字的表名每字三个字节总共六十三字节长" (id integer PRIMARY KEY);

CREATE VIEW "v i e w" AS SELECT s."from", o."Group", o."Values" FROM "select" s JOIN "Order" o ON o."Key" = s."from";
CREATE VIEW "MAIN"."ÜBERSICHT" AS SELECT "Id" AS "Nummer", upper("someValue") AS "Wert" FROM "MAIN"."CamelCase";
