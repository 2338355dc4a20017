"""What the lines of a task's log say of which table. The frames of lines are as others showed them in public:
docs/facts/dms.md 6.5 has the sources."""

from __future__ import annotations

import pytest

from fleet.dms.task_log import classify_reason, find_reasons
from fleet.tables.catalogue import TableName

DOCUMENT = TableName("erp", "doc_attachment")
ODBC = (
    "RetCode: SQL_ERROR SqlState: 22001 NativeError: 1 Message: ERROR: value too long for type character varying(4000)"
    "; Error while executing the query"
)


def line(words: str, component: str = "SOURCE_UNLOAD", severity: str = "E", thread: str = "") -> str:
    return f"{thread}2026-11-30T13:11:04 [{component:<16}]{severity}:  {words}"


@pytest.mark.parametrize(
    "name",
    [
        "'erp'.'doc_attachment'",
        '"erp"."doc_attachment"',
        "`erp`.`doc_attachment`",
        "[erp].[doc_attachment]",
        "erp.doc_attachment",
        "table doc_attachment of schema erp",
    ],
)
def test_a_table_is_found_however_a_line_writes_its_name(name: str) -> None:
    assert DOCUMENT in find_reasons([line(f"Cannot read {name}: no such column")], [DOCUMENT])


@pytest.mark.parametrize(
    "name", ["erp.doc_attachments", "erp2.doc_attachment", "my_erp.doc_attachment", "erp.doc_attachment_old"]
)
def test_a_table_with_a_longer_name_is_another_one(name: str) -> None:
    assert find_reasons([line(f"Cannot read {name}")], [DOCUMENT]) == {}


def test_the_reason_that_comes_before_the_line_with_the_name_is_the_tables() -> None:
    lines = [
        line(f"{ODBC} [1022502] (ar_odbc_stmt.c:2736)"),
        line("Failed to load table 'erp'.'doc_attachment' [1022502] (streamcomponent.c:1969)", "TARGET_LOAD"),
        line("Table 'erp'.'doc_attachment' (subtask 5 thread 3) is suspended (replicationtask.c:2617)", severity="W"),
    ]  # fmt: skip
    assert find_reasons(lines, [DOCUMENT]) == {DOCUMENT: f"{ODBC}; Failed to load table 'erp'.'doc_attachment'"}


def test_a_reason_of_another_thread_is_not_taken() -> None:
    lines = [
        line("no such file", thread="00000001: "),
        line(ODBC, thread="00000002: "),
        line("Failed to load 'erp'.'doc_attachment'", thread="00000002: "),
    ]
    assert find_reasons(lines, [DOCUMENT]) == {DOCUMENT: f"{ODBC}; Failed to load 'erp'.'doc_attachment'"}


def test_what_follows_the_words_that_a_table_errored_is_its_reason() -> None:
    # https://aws.amazon.com/blogs/database/ on data resync shows such warnings, which end there or go on.
    lines = [
        line("Table 'ADMIN'.'DMST1' was errored/suspended (subtask 0 thread 1).", "TASK_MANAGER", "W"),
        line("Table 'ADMIN'.'DMST2' was errored/suspended (subtask 0 thread 1). Table has no key", "TASK_MANAGER", "W"),
    ]
    names = [TableName("ADMIN", "DMST1"), TableName("ADMIN", "DMST2")]
    assert find_reasons(lines, names) == {names[1]: "Table has no key"}


def test_warnings_information_and_what_is_no_line_of_dms_say_nothing() -> None:
    name = "'erp'.'doc_attachment'"
    lines = [line(f"{name} is slow", severity="W"), line(name, severity="I"), name]
    assert find_reasons(lines, [DOCUMENT]) == {}


def test_many_lines_and_long_ones_make_a_text_that_a_person_reads() -> None:
    lines = [line(f"'erp'.'doc_attachment': reason {number} {'x' * 500}") for number in range(100)]
    assert len(find_reasons(lines, [DOCUMENT])[DOCUMENT]) < 620


@pytest.mark.parametrize(
    "name", [TableName("a", "b"), TableName("a.b", "c (d)"), TableName("s", "50%"), TableName("é", "ü")]
)
def test_any_name_is_looked_for_as_it_is(name: TableName) -> None:
    assert name in find_reasons([line(f"Table '{name.schema}'.'{name.table}': it broke")], [name])


@pytest.mark.parametrize(
    ("words", "failure_class"),
    [
        ("RetCode: SQL_ERROR  SqlState: 42501 NativeError: 1 Message: ERROR: ...", "credentials"),
        (ODBC, "table_error"),
        ("RetCode: SQL_ERROR  SqlState: ZZZZZ NativeError: 1 Message: ERROR: ...", "table_error"),
        ("permission denied for table orders", "credentials"),
        ("the bucket list is longer than s3 takes", "table_error"),
    ],
)
def test_a_table_has_the_class_of_its_reason(words: str, failure_class: str) -> None:
    assert classify_reason("postgresql", words) == failure_class
