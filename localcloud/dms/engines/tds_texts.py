"""Texts of a SQL Server that hold half a surrogate pair, which the driver cannot decode.

nvarchar is UTF-16 without a promise that its pairs are whole, and LEFT may cut one. The driver (python-tds 1.17) has no
parameter for it, so its codec is replaced, for the whole process.
"""

from __future__ import annotations

import codecs
from typing import Any

from pytds import tds_types


class _Decoder(codecs.BufferedIncrementalDecoder):
    def __init__(self, errors: str = "ignore") -> None:
        super().__init__(errors)

    def _buffer_decode(self, input: Any, errors: str, final: bool) -> tuple[str, int]:  # noqa: A002  as its base
        return codecs.utf_16_le_decode(input, errors, final)


def _decode(data: Any, errors: str = "ignore") -> tuple[str, int]:
    return codecs.utf_16_le_decode(data, errors, True)


_WHOLE_PAIRS = codecs.CodecInfo(codecs.utf_16_le_encode, _decode, incrementaldecoder=_Decoder, name="utf-16-le")


def let_driver_drop_halves() -> None:
    """Let the driver leave out half a pair, in place of an error for the whole table."""
    tds_types.ucs2_codec = _WHOLE_PAIRS
