"""Expressions of `add-column`: what SQLite makes of them, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from localcloud.dms.rules.expressions import Evaluation, Expression, ExpressionError, Value, constant

NOW = datetime(2026, 11, 21, 1, 2, 3, 456_000, tzinfo=UTC)


def value(text: str, **columns: Value) -> Value:
    expression = Expression(text)
    row = [columns[name] for name in expression.columns]
    return Evaluation(expression, "hr", "people", NOW).of(row)


@pytest.mark.parametrize(
    ("text", "columns", "found"),
    [
        ("$first||'_'||$last", {"first": "Ada", "last": "L"}, "Ada_L"),
        ("$first||'_'||$last", {"first": None, "last": "L"}, None),
        ("round($salary, 1)", {"salary": 2.26}, 2.3),
        ("substr($name, -3, 2)", {"name": "héllo"}, "ll"),
        ("CASE WHEN $n > 9 THEN 'many' ELSE 'few' END", {"n": 10}, "many"),
        ("coalesce($a, ifnull($b, 'none'))", {"a": None, "b": None}, "none"),
        ("hash_sha256($n)", {"n": 1}, "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"),
        ("replaceChars($a, 'abcd', '123')", {"a": "abcde"}, "1231e"),
        ("hex($raw)", {"raw": b"\x00\xff"}, "00FF"),
        ("upper('é' || $a)", {"a": "a"}, "éA"),
        ("$a || '$b'", {"a": "x"}, "x$b"),
        ("$AR_M_SOURCE_SCHEMA || '.' || $AR_M_SOURCE_TABLE_NAME || $a", {"a": "!"}, "hr.people!"),
        ("date($d, '+1 month')", {"d": "2026-01-31"}, "2026-03-03"),
    ],
)
def test_an_expression_is_computed_as_sqlite_does(text: str, columns: dict[str, Value], found: Value) -> None:
    assert value(text, **columns) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("datetime ()", "2026-11-21 01:02:03"),
        ("datetime('now', 'start of month')", "2026-11-01 00:00:00"),
        ("strftime('%Y/%j', 'now')", "2026/325"),
        ("date()", "2026-11-21"),
    ],
)
def test_now_is_when_the_load_writes(text: str, found: str) -> None:
    assert constant(Expression(text), "hr", "people", NOW) == found


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("random()", "random"),
        ("randomblob(4)", "randomblob"),
        ("load_extension('x')", "load_extension"),
        ("count($a)", "count"),
        ("(SELECT 1 FROM sqlite_master)", "more than an expression"),
        ("$AR_H_COLOUR", "AR_H_COLOUR"),
        ("operation_indicator('D', 'U', 'I')", "operation_indicator"),
        ("current_timestamp", "CURRENT_TIMESTAMP"),
        ("$a +", "syntax error"),
        ("1); DROP TABLE t; SELECT (1", "one statement"),
        ("no_quotes", "no_quotes"),
    ],
)
def test_what_is_not_computed_here_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(ExpressionError, match=named):
        Expression(text)
