"""Random columns of PostgreSQL's types with random and extreme values, as SQL.

A value is the text that the server reads as one of the type. Each type that AWS's page lists has a row in `CARRIED`; a
few that no page lists are in `LEFT_OUT`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from hypothesis import strategies as st

LOB_KILOBYTES = 1
"""So small that the longest texts here are cut: 512 UTF-16 units of an NCLOB, 1,024 of a CLOB and bytes of a BLOB."""

LONGEST_LABEL = "é" * 31 + "x"
"""An enum's label has at most 63 bytes."""
SETUP = f"""
CREATE SCHEMA kinds;
CREATE TYPE kinds.mood AS ENUM ('', 'glad', 'naïve ''😀''', 'ends ', '{LONGEST_LABEL}');
CREATE TYPE kinds.address AS (street text, "House" integer);
CREATE TYPE kinds.strrange AS RANGE (subtype = text, collation = "C");
"""


@dataclass(frozen=True)
class Generated:
    """One column: its type as it is declared, how many domains lie over that, and a value for each row."""

    declared: str
    domains: int
    values: tuple[str | None, ...]


Values = st.SearchStrategy[str]
Declared = tuple[str, Values]

_LETTERS = st.text(st.sampled_from("abz 0'\"\\\n\té語😀\u00a0\ufeff,{}()"), max_size=20)


def _repeated(*lengths: int) -> Values:
    """Texts about as long as one of *lengths*, counted in characters, UTF-16 units or bytes of UTF-8."""

    def of(unit: str, length: int, how: int, more: int, first: str) -> str:
        size = (len(unit), len(unit.encode("utf-16-le")) // 2, len(unit.encode()))[how]
        return first + unit * max(0, length // size + more)

    units = st.sampled_from(("x", "é", "語", "😀", "x😀", "é "))
    return st.builds(
        of, units, st.sampled_from(lengths), st.integers(0, 2), st.integers(-2, 2), st.sampled_from(("", "y"))
    )


def _texts(*lengths: int) -> Values:
    return st.one_of(_LETTERS, _repeated(*lengths))


def _quoted(items: Values) -> Values:
    """Texts as items of an array or of a composite."""
    return items.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')


def _numbers(digits: int, scale: int) -> Values:
    """Numbers of up to *digits* digits, of which *scale* are behind the point; below zero they are zeros before it."""
    most = 10**digits - 1
    whole = st.one_of(st.integers(-most, most), st.sampled_from((0, most, -most)))
    return whole.map(lambda number: f"{number}e{-scale}")


_FREE_NUMBERS = st.one_of(
    st.integers(1, 18).flatmap(lambda digits: _numbers(digits, 4)),
    _numbers(27, 6),
    st.tuples(st.integers(-999, 999), st.integers(-40, 6)).map(lambda parts: f"{parts[0]}e{parts[1]}"),
    st.sampled_from(("0.0000005", "0.00000049999", "-0.0000005", "1.0000000000", "9999999999999999999999.9999994")),
)
# What no decimal has. It errs its whole table, so it comes seldom.
_NO_NUMBERS = st.one_of(
    _FREE_NUMBERS,
    st.sampled_from(("NaN", "Infinity", "-Infinity", "9999999999999999999999.9999995", "-1e22", "1e200")),
)
_FLOATS = st.floats(allow_nan=False, allow_infinity=False).map(repr)
_POINTS = st.tuples(_FLOATS, _FLOATS).map(lambda pair: f"({pair[0]},{pair[1]})")


def _numeric() -> st.SearchStrategy[Declared]:
    def of(precision: int, scale: int) -> Declared:
        return f"numeric({precision},{scale})", _numbers(precision, scale)

    digits = st.one_of(st.integers(1, 38), st.integers(36, 60))
    return st.builds(of, digits, st.one_of(st.integers(0, 6), st.integers(-9, 62)))


def _bounded(name: str, alphabet: str) -> st.SearchStrategy[Declared]:
    lengths = st.one_of(st.integers(1, 12), st.sampled_from((255, 256, 4_000, 8_001)))
    if name.startswith("bit("):
        return st.integers(1, 70).map(lambda n: (f"bit({n})", st.text("01", min_size=n, max_size=n)))

    def of(length: int) -> Declared:
        some = st.text(st.sampled_from(alphabet), max_size=min(length, 12))
        whole = st.sampled_from(alphabet).map(lambda letter: letter * length)
        return f"{name}({length})", st.one_of(some, whole)

    return lengths.map(of)


def _clock(microseconds: int) -> str:
    whole, micro = divmod(microseconds, 1_000_000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{micro:06}"


_CLOCKS = st.one_of(
    st.integers(0, 86_399_999).map(lambda milliseconds: _clock(milliseconds * 1000)),
    st.integers(0, 86_399_999_999).map(_clock),
    st.sampled_from(("24:00:00", "23:59:59.999999", "00:00")),
)
_OFFSETS = st.one_of(st.just("+00"), st.sampled_from(("+05:30", "-12", "+15:59", "-00:00:01")))
_DAYS = st.one_of(
    st.dates().map(str),
    st.sampled_from(("infinity", "-infinity", "4714-11-24 BC", "4713-01-01 BC", "0044-03-15 BC", "0001-12-31 BC")),
    st.sampled_from(("0001-01-01", "9999-12-31", "10000-01-01", "20000-02-29", "5874897-12-31")),
)
_MOMENTS = st.one_of(
    st.datetimes().map(lambda at: at.isoformat(" ")),
    st.sampled_from(("infinity", "-infinity", "4714-11-24 00:00 BC", "0001-12-31 23:59:59.999999 BC")),
    st.sampled_from(("0001-01-01 00:00", "9999-12-31 23:59:59.999999", "10000-01-01 00:00")),
    st.sampled_from(("294276-12-31 23:59:59.999999", "294247-01-10 04:00:54.775808")),
)


def _zoned(parts: tuple[str, str]) -> str:
    moment, offset = parts
    if "infinity" in moment or moment.startswith(("4714", "294276")):  # an offset would lead out of what a type holds
        return moment
    at, blank, era = moment.partition(" BC")
    return f"{at}{offset}{blank}{era}"


def _interval(parts: tuple[int, int, int, int]) -> str:
    months, days, seconds, micro = parts
    return f"{months} months {days} days {seconds}.{micro:06} seconds"


def _cents(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"


def _hexed(raw: bytes) -> str:
    return f"\\x{raw.hex()}"


def _range(bounds: tuple[str, str]) -> str:
    low, high = bounds
    return f"[{low},{high}]"


def _sorted(items: st.SearchStrategy[int]) -> st.SearchStrategy[tuple[str, str]]:
    return st.lists(items, min_size=2, max_size=2).map(lambda two: (str(min(two)), str(max(two))))


_DIGITS = st.one_of(st.integers(0, 10**9), st.integers(120, 300).map(lambda size: 10**size + 7))
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), _texts(500, 515)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_LETTERS, inner, max_size=3)),
    max_leaves=4,
).map(lambda value: json.dumps(value, ensure_ascii=False))
_WORDS = st.lists(st.sampled_from(("fat", "cat", "naïve", "😀" * 60, "x" * 500)), max_size=6)
_SHAPES = st.lists(_POINTS, min_size=1, max_size=25).map(lambda points: f"({','.join(points)})")


def _array(items: Values) -> Values:
    return st.lists(st.one_of(st.just("NULL"), items), max_size=6).map(lambda them: "{" + ",".join(them) + "}")


def _plain(name: str, values: Values) -> st.SearchStrategy[Declared]:
    return st.just((name, values))


_LONG = _texts(510, 514, 1_022, 1_026)
CARRIED: Mapping[str, st.SearchStrategy[Declared]] = {
    "smallint": _plain("smallint", st.integers(-(2**15), 2**15 - 1).map(str)),
    "integer": _plain("integer", st.integers(-(2**31), 2**31 - 1).map(str)),
    "bigint": _plain("bigint", st.integers(-(2**63), 2**63 - 1).map(str)),
    "numeric": _plain("numeric", _FREE_NUMBERS),
    "numeric that is none": _plain("numeric", _NO_NUMBERS),
    "numeric(p,s)": _numeric(),
    "numeric(p,s) that is none": _plain("numeric(9,2)", st.sampled_from(("NaN", "1", "9999999.99"))),
    "real": _plain("real", st.floats(width=32).map(repr)),
    "double precision": _plain("double precision", st.floats().map(repr)),
    "money": _plain("money", st.integers(-(2**63), 2**63 - 1).map(_cents)),
    "boolean": _plain("boolean", st.sampled_from(("true", "false"))),
    "text": _plain("text", _LONG),
    "character varying": _plain("varchar", _texts(255, 7_998, 8_002)),
    "character varying(n)": _bounded("varchar", "ab é語😀"),
    "character": _plain("bpchar", _texts(255, 7_998, 8_002)),
    "character(n)": _bounded("char", "ab é語😀"),
    "bit(n)": _bounded("bit(", "01"),
    "bit varying": _plain("varbit", st.one_of(st.text("01", max_size=70), st.integers(7_998, 8_002).map("1".__mul__))),
    "bit varying(n)": _bounded("varbit", "01"),
    "bytea": _plain("bytea", st.one_of(st.binary(max_size=9), st.integers(1_022, 1_026).map(bytes)).map(_hexed)),
    "date": _plain("date", _DAYS),
    "timestamp": st.sampled_from(("timestamp", "timestamp(0)", "timestamp(3)")).map(lambda name: (name, _MOMENTS)),
    "timestamptz": _plain("timestamptz", st.tuples(_MOMENTS, _OFFSETS).map(_zoned)),
    "time": st.sampled_from(("time", "time(0)", "time(4)")).map(lambda name: (name, _CLOCKS)),
    "timetz": _plain("timetz", st.tuples(_CLOCKS, _OFFSETS).map("".join)),
    "interval": _plain(
        "interval",
        st.tuples(
            st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9), st.integers(0, 10**9), st.integers(0, 999_999)
        ).map(_interval),
    ),
    "uuid": _plain("uuid", st.integers(0, 2**128 - 1).map(lambda number: str(uuid.UUID(int=number)))),
    "inet": _plain("inet", st.ip_addresses().map(str)),
    "cidr": _plain("cidr", st.ip_addresses().map(str)),
    "macaddr": _plain("macaddr", st.integers(0, 2**48 - 1).map(lambda number: f"{number:012x}")),
    "json": _plain("json", _JSON),
    "jsonb": _plain("jsonb", _JSON),
    "tsvector": _plain("tsvector", _WORDS.map(" ".join)),
    "tsquery": _plain("tsquery", _WORDS.map(lambda words: " & ".join(words) or "a")),
    "point": _plain("point", _POINTS),
    "line": _plain("line", st.tuples(_FLOATS, _FLOATS).map(lambda pair: f"{{1,{pair[0]},{pair[1]}}}")),
    "lseg": _plain("lseg", st.tuples(_POINTS, _POINTS).map(_range)),
    "box": _plain("box", st.tuples(_POINTS, _POINTS).map(",".join)),
    "circle": _plain("circle", _POINTS.map(lambda point: f"<{point},5>")),
    "path": _plain("path", _SHAPES),
    "polygon": _plain("polygon", _SHAPES),
    "int4range": _plain("int4range", _sorted(st.integers(-(2**31), 2**31 - 2)).map(_range)),
    "int8range": _plain("int8range", _sorted(st.integers(-(2**63), 2**63 - 2)).map(_range)),
    "numrange": _plain("numrange", _sorted(_DIGITS).map(_range)),
    "strrange": _plain("kinds.strrange", st.sampled_from(("[a,b)", "empty", f"[a,{'b' * 252})", f"[a,{'é' * 249})"))),
    "enum": _plain("kinds.mood", st.sampled_from(("", "glad", "naïve '😀'", "ends ", LONGEST_LABEL))),
    "composite": _plain("kinds.address", _quoted(_LONG).map(lambda street: f"({street},5)")),
    "text[]": _plain("text[]", _array(_quoted(_LONG))),
    "numeric[]": _plain("numeric(20,4)[]", _array(_numbers(20, 4))),
    "date[]": _plain("date[]", _array(_DAYS)),
}
LEFT_OUT: Mapping[str, str] = {
    "oid": "5",
    '"char"': "a",
    "name": "pg_class",
    "pg_lsn": "0/1",
    "daterange": "[2020-01-01,2021-01-01)",
    "tsrange": "[2020-01-01,)",
    "int4multirange": "{[1,3)}",
    "jsonpath": "$.a",
    "macaddr8": "08:00:2b:01:02:03:04:05",
    "tid": "(1,2)",
    "regclass": "pg_class",
    "int2vector": "1 2",
    "txid_snapshot": "1:1:",
}


_WHOLE = [kind for kind in CARRIED if not kind.endswith("that is none")]
_ERRING = [kind for kind in CARRIED if kind.endswith("that is none")]
# Small numbers are drawn more often than others, so the rare kinds are not at zero.
_KINDS = st.integers(0, 239).flatmap(
    lambda chance: st.sampled_from(_ERRING if chance == 141 else list(LEFT_OUT) if 151 < chance < 160 else _WHOLE)
)


@st.composite
def columns(draw: st.DrawFn, rows: int, kind: str) -> Generated:
    """A column of *kind* with a value, or none, for each of *rows* rows."""
    if kind in LEFT_OUT:
        declared, values = kind, st.just(LEFT_OUT[kind])
    else:
        declared, values = draw(CARRIED[kind])
    drawn = draw(st.lists(st.one_of(values, values, values, st.none()), min_size=rows, max_size=rows))
    return Generated(declared, draw(st.sampled_from((0, 0, 0, 1, 3))), tuple(drawn))


@st.composite
def tables(draw: st.DrawFn) -> list[Generated]:
    """The columns of a table with a few rows. One in thirty is of a type that DMS leaves out."""
    rows = draw(st.integers(1, 8))
    return [draw(columns(rows, draw(_KINDS))) for _ in range(draw(st.integers(1, 8)))]
