"""The footer of Parquet files, against files that PyArrow writes."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fleet.parquet_footer import NotParquetError, read_footer


def _file(table: pa.Table, **how: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **how)
    return sink.getvalue()


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40),
    st.integers(1, 9),
    st.sampled_from(["1.0", "2.0"]),
    st.sampled_from(["NONE", "GZIP"]),
)
def test_rows_and_the_largest_number_are_those_of_the_file(
    numbers: list[int], group_rows: int, pages: str, codec: str
) -> None:
    names = [f"name {number}" for number in numbers]
    table = pa.table({"Op": pa.array(names, pa.string()), "attempt": pa.array(numbers, pa.int64())})

    footer = read_footer(_file(table, row_group_size=group_rows, data_page_version=pages, compression=codec))

    assert footer.rows == len(numbers)
    assert footer.largest.get("attempt") == (max(numbers) if numbers else None)
    assert "Op" not in footer.largest


def test_a_wide_table_and_a_narrow_number_are_read() -> None:
    columns = {f"c{number}": pa.array([number, None, -number], pa.int32()) for number in range(40)}

    footer = read_footer(_file(pa.table(columns)))

    assert footer.rows == 3
    assert footer.columns == set(columns)
    assert footer.largest == {f"c{number}": number for number in range(40)}


def test_without_statistics_no_number_is_known() -> None:
    footer = read_footer(_file(pa.table({"a": [1, 2]}), write_statistics=False))

    assert (footer.rows, footer.largest) == (2, {})


@pytest.mark.parametrize("body", [b"", b"PAR1", b"no such file at all", bytes([200, 0, 0, 0]) + b"PAR1"])
def test_what_is_no_parquet_file_is_refused(body: bytes) -> None:
    with pytest.raises(NotParquetError):
        read_footer(body)


def test_a_footer_cut_in_its_middle_is_refused() -> None:
    whole = _file(pa.table({"a": list(range(100))}))
    cut = whole[-60:-8]

    with pytest.raises(NotParquetError):
        read_footer(cut + len(cut).to_bytes(4, "little") + b"PAR1")
