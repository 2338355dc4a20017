"""What a task's log says of a table that errored. AWS says it there and nowhere else (docs/facts/dms.md 6.5).

A line is `2026-11-30T02:00:00 [COMPONENT     ]E:  words`; E is an error, W a warning. No page of AWS's says how a line
names a table: any error that has its schema and its name counts. An error of the source or of S3 comes first and names
no table; the line after it does, and says no reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fleet.databases import Engine
from fleet.failures import Failure, FailureClass, classify
from fleet.manifests import Manifest, SealedTable
from fleet.sentences import as_clause
from fleet.source_errors import classify_number
from fleet.tables.catalogue import TableName

PATTERNS = ('"]E:"', '"errored/suspended"')
"""CloudWatch's filters for the lines that are read: a phrase each."""

_LINE = re.compile(
    r"^(?:(?P<thread>\d+): )?\d{4}-\d\d-\d\dT[\d:.]+Z?\s*\[[A-Z_ ]+\]\s*(?P<severity>[A-Z]):\s*(?P<words>.*)$",
    re.DOTALL,
)
# AWS's own marks: the engine's code, and the place in DMS's source.
_MARKS = re.compile(r"\s*[\[(](?:\d{7}|(?:[\w/]+/)?\w+\.(?:c|cpp|h):\d+)[\])]")
_SUSPENDED = re.compile(r"was errored/suspended|is suspended")
_BEHIND = re.compile(r"^.*?(?:was errored/suspended|is suspended)(?: \(subtask \d+ thread \d+\))?[.:]?\s*", re.DOTALL)
_NUMBER = re.compile(r"SqlState: (?P<state>\w{5})\s+NativeError: (?P<code>\d+)")
_CAUSES = 2
_MOST_LINES = 3
_MOST_CHARACTERS = 600


@dataclass(frozen=True)
class _Line:
    thread: str
    severity: str
    words: str

    @property
    def counts(self) -> bool:
        """Whether it is an error, or the warning that a table errored."""
        return self.severity == "E" or bool(_SUSPENDED.search(self.words))


def find_reasons(lines: Iterable[str], tables: Sequence[TableName]) -> dict[TableName, str]:
    """DMS's words on each of *tables* that the log's *lines*, in their order, name; a table without any is left out.

    >>> find_reasons([
    ...     "2026-11-30T02:00:01 [TASK_MANAGER    ]E:  Table 'public'.'a': 'NaN' is no DECIMAL",
    ...     "2026-11-30T02:00:02 [SOURCE_UNLOAD   ]W:  Table 'public'.'b': 2 values were cut",
    ... ], [TableName("public", "a"), TableName("public", "b")])
    {TableName(schema='public', table='a'): "'NaN' is no DECIMAL"}
    """
    found: dict[TableName, list[str]] = {}
    unnamed: list[_Line] = []
    for line in filter(lambda one: one.counts, map(_read, lines)):
        named = _named(line.words, tables)
        if not named:
            unnamed.append(line)
            continue
        causes = [one.words for one in unnamed if one.thread == line.thread][-_CAUSES:]
        unnamed = [one for one in unnamed if one.thread != line.thread]
        for name in named:
            found.setdefault(name, []).extend([*causes, *filter(None, [_without_name(line.words, name)])])
    return {name: _joined(words) for name, words in found.items() if words}


def _read(text: str) -> _Line:
    if not (match := _LINE.match(text)):
        return _Line("", "", "")
    return _Line(match["thread"] or "", match["severity"], as_clause(_MARKS.sub("", match["words"])))


def _named(words: str, tables: Sequence[TableName]) -> list[TableName]:
    """Those of *tables* that *words* name: as schema and table side by side, else anywhere, each as a whole word."""
    if exact := [name for name in tables if re.search(_side_by_side(name), words)]:
        return exact
    return [name for name in tables if all(_occurs(part, words) for part in name) and name.schema != name.table]


def _side_by_side(name: TableName) -> str:
    return rf"(?<!\w)[\"'`\[]?{re.escape(name.schema)}[\"'`\]]?\.[\"'`\[]?{re.escape(name.table)}[\"'`\]]?(?!\w)"


def _occurs(part: str, words: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", words) is not None


def _without_name(words: str, name: TableName) -> str:
    """*words* without what a failure's text says anyhow: the table's name in front, or that the table errored."""
    if _SUSPENDED.search(words):
        return _BEHIND.sub("", words)
    return re.sub(rf"^Table {_side_by_side(name)}:?\s*", "", words)


def _joined(words: Iterable[str]) -> str:
    text = "; ".join(list(dict.fromkeys(map(as_clause, words)))[:_MOST_LINES])
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]} ..."


def classify_reason(engine: Engine, words: str) -> FailureClass:
    """The class of a table's failure that DMS gave *words* for: by the source's number where they hold one.

    >>> classify_reason("postgresql", 'SqlState: 42501 NativeError: 1 Message: ERROR: permission denied')
    'credentials'
    >>> classify_reason("mysql", "SqlState: HY000 NativeError: 1356 Message: View references invalid")
    'table_error'
    """
    if match := _NUMBER.search(words):
        failure_class = classify_number(engine, match["state" if engine == "postgresql" else "code"])
        return "table_error" if failure_class == "unknown" else failure_class
    return "credentials" if classify(words) == "credentials" else "table_error"


def errored_tables(manifest: Manifest) -> tuple[TableName, ...]:
    """The tables of *manifest* that DMS reports as not loaded."""
    return tuple(table.name for table in manifest.tables if _is_errored(table))


def _is_errored(table: SealedTable) -> bool:
    return table.failure is not None and table.failure.name == "TableNotLoaded"


def add_reasons(manifest: Manifest, reasons: Mapping[TableName, str], engine: Engine, gaps: Sequence[str]) -> Manifest:
    """*manifest* with the log's *reasons* in the texts of its tables' failures, and *gaps* beside its own."""
    return replace(
        manifest,
        tables=tuple(_explained(manifest.tables, reasons, engine)),
        gaps=(*manifest.gaps, *gaps),
    )


def _explained(
    tables: Iterable[SealedTable], reasons: Mapping[TableName, str], engine: Engine
) -> Iterator[SealedTable]:
    for table in tables:
        if (failure := table.failure) is None or not (words := reasons.get(table.name)) or not _is_errored(table):
            yield table
            continue
        text = f"{as_clause(failure.text)}; the task's log says: {words}."
        yield replace(table, failure=Failure(classify_reason(engine, words), failure.name, text))
