"""Laws of what is cut and of what is quoted."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from localcloud.dms.files.csv_files import write_csv
from localcloud.dms.files.formats import Csv
from localcloud.dms.files.lobs import cut

texts = st.text("aé数😀\u0301\n\r\",;|'", max_size=12)


def utf16_units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(st.lists(st.none() | texts, min_size=1, max_size=4), st.integers(1, 12))
def test_a_cut_text_is_the_longest_beginning_that_fits(values: list[str | None], limit: int) -> None:
    found, count = cut(pa.array(values, pa.string()), limit)
    assert count == sum(value is not None and utf16_units(value) > limit for value in values)
    for value, short in zip(values, found.to_pylist(), strict=True):
        if value is None or utf16_units(value) <= limit:
            assert short == value
        else:
            assert value.startswith(short)
            assert utf16_units(short) <= limit < utf16_units(value[: len(short) + 1])


@given(st.lists(st.none() | st.binary(max_size=8), min_size=1, max_size=4), st.integers(1, 8))
def test_a_cut_binary_is_its_first_bytes(values: list[bytes | None], limit: int) -> None:
    found, count = cut(pa.array(values, pa.binary()), limit)
    assert found.to_pylist() == [value if value is None else value[:limit] for value in values]
    assert count == sum(value is not None and len(value) > limit for value in values)


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=4), st.sampled_from([",", ";", "|"]))
def test_every_text_comes_back_from_rfc_4180_as_it_was(rows: list[tuple[str, str]], delimiter: str) -> None:
    batch = pa.RecordBatch.from_pydict({"a": [one for one, _ in rows], "b": [other for _, other in rows]})
    with TemporaryDirectory() as folder:
        how = Csv(delimiter=delimiter, row_delimiter="\r\n")
        ((path, count),) = write_csv(iter([batch]), batch.schema, how, 2**30, Path(folder))
        read = csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), delimiter=delimiter)
        assert [tuple(row) for row in read] == rows
    assert count == len(rows)
