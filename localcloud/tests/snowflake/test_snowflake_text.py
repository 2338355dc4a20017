"""Reading statements: where one ends, what its literals and options say, what shape it has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.snowflake.errors import SnowflakeError
from localcloud.snowflake.sql.lexing import literal, options, parts_of, quoted, split_statements, text_of
from localcloud.snowflake.sql.shapes import shape
from localcloud.snowflake.sql.translation import translate


def test_a_semicolon_in_a_text_a_name_or_a_comment_ends_nothing() -> None:
    request = """SELECT 'a;''b\\'; c' /* ; */ ; -- nothing; here
    DELETE FROM "x;""y"; ;"""
    assert [one.text for one in split_statements(request)] == ["SELECT 'a;''b\\'; c'", 'DELETE FROM "x;""y"']


def test_a_statement_knows_its_line_and_position() -> None:
    second = split_statements("SELECT 1;\n  SELECT 2")[1]
    assert (second.line, second.position) == (2, 2)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_quoting_names_and_reading_them_gives_the_names(names: list[str]) -> None:
    assert parts_of(quoted(*names)) == tuple(names)


@given(st.text())
def test_a_text_written_for_snowflake_is_read_back(text: str) -> None:
    written = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    assert text_of(written) == text
    assert [one.text for one in split_statements(f"SELECT {written}; SELECT 1")] == [f"SELECT {written}", "SELECT 1"]


@given(st.text(), st.text(min_size=1), st.integers(0, 10**17))
def test_the_shape_filled_again_is_the_statement_with_its_own_values(text: str, name: str, number: int) -> None:
    written = "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"
    shaped = shape(f"SELECT {quoted(name)}, {written}, {number}")
    assert shaped.fill(shaped.text, {}) == f"SELECT {quoted(name)}, {literal(text)}, {number}"


def test_statements_that_differ_in_names_and_values_share_a_shape() -> None:
    one = """DELETE FROM "RAW"."A"."T" WHERE "ID" = 5 AND "N" = 'x'"""
    other = """DELETE FROM "RAW"."B"."U" WHERE "KEY" = 77 AND "M" = 'it''s'"""
    assert shape(one).text == shape(other).text


def test_statements_that_differ_in_a_type_have_two_shapes() -> None:
    assert shape("SELECT CAST('1' AS NUMBER(1,0))").text != shape("SELECT CAST('1' AS NUMBER(2,0))").text


@pytest.mark.parametrize("written", ["FILES=('a'", "FORCE TRUE", "A = ) B", "A=1 'x'"])
def test_options_that_cannot_be_read_are_a_syntax_error(written: str) -> None:
    with pytest.raises(SnowflakeError) as raised:
        options(written)
    assert raised.value.code == "001003"


def test_one_column_used_under_two_aliases_keeps_its_name() -> None:
    translation = translate(shape('SELECT "A" AS "b", t."A" FROM "T" t').text)
    shaped = shape('SELECT "A" AS "b", t."A" FROM "T" t')
    assert [shaped.fill_name(name) for name in translation.names or ()] == ["b", "A"]
