"""Random columns of MariaDB's types with random and extreme values, as SQL, and how both ends of a value are read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

How = Literal["number", "single", "double", "date", "moment", "text", "legacy text", "bytes", "bit", "not carried"]
"""How a column's values are compared; `legacy text` is of a character set that Unicode does not have all of."""
MOST_LEGACY_CHARACTERS = 6
ROWS = 8


@dataclass(frozen=True)
class RandomColumn:
    """A column as CREATE TABLE takes it, and a literal for each row. A *computed* one has no literal."""

    declared: str
    how: How
    literals: tuple[str, ...]

    @property
    def is_computed(self) -> bool:
        """Whether the server fills it."""
        return " AS (" in self.declared


@st.composite
def _column(draw: st.DrawFn, declared: str, how: How, value: st.SearchStrategy[str], zero: str = "''") -> RandomColumn:
    """A column that is, or is not, NOT NULL. *zero*: what a row gets there in place of NULL."""
    is_nullable = draw(st.booleans())
    drawn = draw(st.lists(value | st.just("NULL"), min_size=ROWS, max_size=ROWS))
    literals = tuple(zero if one == "NULL" and not is_nullable else one for one in drawn)
    return RandomColumn(f"{declared} {'NULL' if is_nullable else 'NOT NULL'}", how, literals)


def _hex(value: bytes) -> str:
    return f"x'{value.hex()}'" if value else "''"


def _utf8(text: str) -> str:
    return f"_utf8mb4 x'{text.encode().hex()}'" if text else "_utf8mb4 ''"


_SIGNS = st.sampled_from(["", " unsigned", " unsigned zerofill"])
_EXTREMES = [
    sign * (2**bits + step) for bits in (7, 8, 15, 16, 23, 24, 31, 32, 63, 64) for sign in (1, -1) for step in (-1, 0)
]
_INTEGERS = (st.sampled_from([0, 1, -1, 2, *_EXTREMES]) | st.integers(-(2**65), 2**65)).map(str)
_DOUBLES = st.sampled_from(
    ["0e0", "-0e0", "0.1e0", "1e-38", "5e-324", "2.2250738585072014e-308", "1.7976931348623157e308", "3.4028234e38"]
) | st.floats(allow_nan=False, allow_infinity=False).map(
    lambda one: f"{one!r}e0" if "e" not in repr(one) else repr(one)
)
_CHARACTERS = st.text(
    st.sampled_from("aZ 0?'\"\\`%_\0\n\t\x1a\x7fé߀ÿ漢かー\ufeff\uffff😀𝄞") | st.characters(exclude_categories=["Cs"]),
    max_size=6,
)
# Of each character set some characters that Unicode has, and some codes that it does not.
_LEGACY = {
    "sjis": ("41", "5c", "7e", "8140", "8160", "b1", "fcfc", "fcf0"),
    "cp932": ("41", "3f", "8160", "fcfc", "ed40", "fa4a"),
    "big5": ("41", "a145", "c6a1", "f9fe"),
    "gbk": ("41", "3f", "a2a1", "8140", "fe9f"),
    "gb2312": ("41", "a1a4", "a2a1"),
    "euckr": ("41", "a1a1", "c9a1"),
    "ujis": ("41", "a1c0", "8fa2af", "8ea6"),
    "eucjpms": ("41", "8fa2af", "ada1"),
    "tis620": ("41", "80", "a1", "ff"),
    "dec8": ("41", "c4", "d0", "f0"),
    "hp8": ("41", "80", "a8"),
    "cp1250": ("41", "81", "8a", "ff"),
    "greek": ("41", "a1", "d2", "ff"),
    "hebrew": ("41", "a1", "bf", "fb"),
    "koi8r": ("41", "80", "ff"),
    "latin7": ("41", "a1", "ff"),
    "geostd8": ("41", "80", "ff"),
    "swe7": ("41", "5b"),
}


def _integers() -> st.SearchStrategy[RandomColumn]:
    kinds = st.sampled_from(["tinyint", "tinyint(1)", "smallint", "mediumint", "int", "int(3)", "bigint"])
    signed = st.builds(lambda kind, sign: kind + sign, kinds, _SIGNS)
    return signed.flatmap(lambda declared: _column(declared, "number", _INTEGERS, "0"))


@st.composite
def _decimals(draw: st.DrawFn) -> RandomColumn:
    precision = draw(st.integers(1, 65) | st.sampled_from([10, 38, 39, 65]))
    scale = draw(st.integers(0, min(38, precision)))
    digits = st.integers(0, 10**precision - 1) | st.sampled_from([0, 1, 10**precision - 1, 10 ** (precision - 1)])
    number = st.builds(lambda sign, one: f"{sign}{one}e-{scale}", st.sampled_from(["", "-"]), digits)
    texts = number.map(lambda one: f"'{one}'")  # a literal of this form would be a double
    return draw(_column(f"decimal({precision},{scale}){draw(_SIGNS)}", "number", texts, "0"))


def _floats() -> st.SearchStrategy[RandomColumn]:
    single = st.sampled_from(["float", "float unsigned", "float(7,4)", "float(20,10)"])
    double = st.sampled_from(["double", "double unsigned", "double(10,2)", "double(30,15)"])
    return single.flatmap(lambda one: _column(one, "single", _DOUBLES, "0")) | double.flatmap(
        lambda one: _column(one, "double", _DOUBLES, "0")
    )


@st.composite
def _dates(draw: st.DrawFn) -> RandomColumn:
    """Days that are zero, half zero or in no calendar among them."""
    years = st.sampled_from(["0000", "0001", "1582", "1900", "1970", "2023", "2024", "2038", "9999"])
    months = st.integers(0, 12).map("{:02}".format)
    days = (st.integers(0, 31) | st.sampled_from([0, 28, 29, 30, 31])).map("{:02}".format)
    odd = st.just("0000-00-00") | st.builds(lambda *parts: "-".join(parts), years, months, days)
    day = odd | st.dates(min_value=dt.date(1970, 1, 2), max_value=dt.date(2038, 1, 1)).map(str) | st.dates().map(str)
    if draw(st.booleans()):
        return draw(_column("date", "date", day.map(lambda one: f"'{one}'"), "0"))
    clock = st.sampled_from(["00:00:00", "23:59:59.999999", "01:02:03.000001", "12:30:15.5", "00:00:00.999"])
    moment = st.builds(lambda *parts: f"'{' '.join(parts)}'", day, clock)
    declared = f"{draw(st.sampled_from(['datetime', 'timestamp']))}({draw(st.integers(0, 6))})"
    return draw(_column(declared, "moment", moment, "0"))


def _times() -> st.SearchStrategy[RandomColumn]:
    values = st.sampled_from(
        [
            "'-838:59:59.999999'",
            "'838:59:59.999999'",
            "'-00:00:00.1'",
            "'24:00:00'",
            "'25:00:00.000001'",
            "0",
            "'900:00:00'",
        ]
    )
    times = st.integers(0, 6).flatmap(lambda digits: _column(f"time({digits})", "text", values, "0"))
    years = st.sampled_from(["0", "'0000'", "1901", "2155", "1900", "70", "1999"])
    return times | _column("year", "number", years, "0")


@st.composite
def _bits(draw: st.DrawFn) -> RandomColumn:
    bits = draw(st.sampled_from([1, 2, 7, 8, 9, 63, 64]))
    values = st.integers(0, 2**bits - 1) | st.sampled_from([0, 1, 2**bits - 1])
    return draw(_column(f"bit({bits})", "bit", values.map(str), "0"))


@st.composite
def _texts(draw: st.DrawFn) -> RandomColumn:
    kind = draw(
        st.sampled_from(["char(6)", "varchar(6)", "varchar(300)", "tinytext", "text", "mediumtext", "longtext"])
    )
    words = draw(
        st.sampled_from(
            [
                "utf8mb4",
                "utf8mb4 COLLATE utf8mb4_bin",
                "utf8mb3",
                "latin1",
                "latin1 COLLATE latin1_bin",
                "ascii",
                "ucs2",
                "utf16",
                "utf16le",
                "utf32",
            ]
        )
    )
    return draw(_column(f"{kind} CHARACTER SET {words}", "text", _CHARACTERS.map(_utf8)))


@st.composite
def _legacy_texts(draw: st.DrawFn) -> RandomColumn:
    words = draw(st.sampled_from(sorted(_LEGACY)))
    codes = st.lists(st.sampled_from(_LEGACY[words]), max_size=MOST_LEGACY_CHARACTERS).map("".join)
    kind = draw(st.sampled_from(["char(6)", "varchar(6)", "tinytext", "text", "mediumtext"]))
    texts = codes.map(lambda code: f"_{words} x'{code}'" if code else "''")
    return draw(_column(f"{kind} CHARACTER SET {words}", "legacy text", texts))


def _long_texts() -> st.SearchStrategy[RandomColumn]:
    """Around 512 units of UTF-16, which a LobMaxSize of 1 KB keeps of an NCLOB."""
    signs = st.sampled_from(["a", "é", "漢", "😀"])
    around = st.builds(
        lambda sign, times, before, after: f"CONCAT('{before}', REPEAT({_utf8(sign)}, {times}), '{after}')",
        signs,
        st.sampled_from([0, 1, 255, 256, 256, 257, 511, 512, 513, 2_000]),
        st.sampled_from(["", "a"]),
        st.sampled_from(["", "b"]),
    )
    kinds = ["mediumtext", "longtext", "longtext CHARACTER SET utf16", "mediumtext CHARACTER SET latin1", "text"]
    texts = st.sampled_from(kinds).flatmap(lambda kind: _column(kind, "text", around))
    documents = st.sampled_from(['\'{"a": [1, null, "é"]}\'', "'[]'", "CONCAT('\"', REPEAT('x', 511), '\"')", "'1'"])
    return texts | _column("json", "text", documents, "'0'")


@st.composite
def _bytes(draw: st.DrawFn) -> RandomColumn:
    kind = draw(st.sampled_from(["binary(6)", "varbinary(6)", "tinyblob", "blob", "mediumblob", "longblob"]))
    short = st.binary(max_size=6).map(_hex)
    long = st.sampled_from([1_023, 1_024, 1_025, 3_000]).map(lambda size: f"REPEAT(x'00ff', {size}), 1, {size}")
    values = (
        short | long.map(lambda one: f"SUBSTRING({one})") if kind.endswith("blob") and kind != "tinyblob" else short
    )
    return draw(_column(kind, "bytes", values))


def _shapes() -> st.SearchStrategy[RandomColumn]:
    def column(kind: str) -> st.SearchStrategy[RandomColumn]:
        wide = f"LINESTRING({','.join(f'{place} {place}' for place in range(70))})"
        shapes = {"point": ["POINT(1 -2.5)", "POINT(1e300 5e-324)"], "linestring": ["LINESTRING(0 0,1 1)", wide]}
        known = shapes.get(kind, ["POINT(0 0)", wide, "GEOMETRYCOLLECTION(POINT(1 2))"])
        values = st.builds(
            lambda shape, system: f"ST_GeomFromText('{shape}', {system})",
            st.sampled_from(known),
            st.sampled_from([0, 4326]),
        )
        return _column(
            kind,
            "bytes",
            values,
            "ST_GeomFromText('LINESTRING(0 0,1 1)')" if kind == "linestring" else "ST_GeomFromText('POINT(0 0)')",
        )

    return st.sampled_from(["geometry", "point", "linestring"]).flatmap(column)


@st.composite
def _choices(draw: st.DrawFn) -> RandomColumn:
    members = draw(
        st.lists(
            st.sampled_from(["a", "bb", "", "é", "漢字", "it''s", "x y", "😀"]), min_size=1, max_size=5, unique=True
        )
    )
    listed = ", ".join(f"'{member}'" for member in members)
    if draw(st.booleans()):
        return draw(_column(f"enum({listed})", "text", st.integers(0, len(members) + 1).map(str), "1"))
    sets = [member for member in members if member] or ["a"]
    listed = ", ".join(f"'{member}'" for member in sets)
    return draw(_column(f"set({listed})", "text", st.integers(0, 2 ** len(sets) - 1).map(str), "0"))


def _odd() -> st.SearchStrategy[RandomColumn]:
    none = ("NULL",) * ROWS
    return st.sampled_from(
        [
            RandomColumn("uuid", "not carried", ("'123e4567-e89b-12d3-a456-426655440000'",) * ROWS),
            RandomColumn("inet4", "not carried", ("'192.0.2.1'",) * ROWS),
            RandomColumn("inet6", "not carried", ("'2001:db8::ff00:42:8329'",) * ROWS),
            RandomColumn("int INVISIBLE", "not carried", ("7",) * ROWS),
            RandomColumn("date AS (0)", "date", none),
            RandomColumn("varchar(20) AS (CONCAT('row ', 1)) STORED", "text", none),
        ]
    )


COLUMNS = st.one_of(
    _integers(),
    _decimals(),
    _floats(),
    _dates(),
    _dates(),
    _times(),
    _bits(),
    _texts(),
    _legacy_texts(),
    _long_texts(),
    _bytes(),
    _shapes(),
    _choices(),
    _odd(),
)
TABLES = st.lists(COLUMNS, min_size=8, max_size=16)
